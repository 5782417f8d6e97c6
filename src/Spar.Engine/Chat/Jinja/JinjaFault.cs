namespace Spar.Engine.Chat.Jinja;

/// <summary>
/// What jinja2 would end a rendering with, or what this project does not support. <see cref="JinjaTemplate"/> adds the
/// line and hands it on as an <see cref="EngineException"/>.
/// </summary>
/// <param name="message">What is wrong, without the line.</param>
internal sealed class JinjaFault(string message) : Exception(message)
{
    /// <summary>What is wrong, without the line.</summary>
    public string Text { get; } = message;

    /// <summary>A part of Jinja or Python that exists but is left out here.</summary>
    public static JinjaFault Unsupported(string what) => new($"{what} is not supported");

    /// <summary>A fault of the template's text.</summary>
    public static EngineException At(int line, string message) => new($"The chat template, line {line}: {message}.");
}
