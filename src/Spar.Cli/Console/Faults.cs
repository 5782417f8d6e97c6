using System.Globalization;
using System.Net.Http;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Spar.Calls;
using Spar.Ground;
using Spectre.Console;

namespace Spar.Cli.Console;

/// <summary>
/// What becomes of an exception that ends a command: the one place where it is told what a user can mend from what is a
/// defect.
/// </summary>
internal static class Faults
{
    /// <summary>Says in one or two lines what is wrong.</summary>
    /// <param name="fault">What ended the command.</param>
    /// <param name="context">Where the message goes.</param>
    /// <param name="resumes">Whether the same command goes on where it was interrupted.</param>
    /// <returns>The exit code.</returns>
    public static int Report(Exception fault, CommandContext context, bool resumes)
    {
        if (Message(fault) is string message)
        {
            context.Messages.MarkupLineInterpolated($"[red]error:[/] {Short(message)}");
            return ExitCode.Fault;
        }

        if (fault is OperationCanceledException)
        {
            context.Messages.WriteLine(
                resumes ? "Stopped. What was done is kept; the same command goes on from here." : "Stopped."
            );
            return ExitCode.Interrupted;
        }

        context.Messages.MarkupLineInterpolated(
            $"[red]error:[/] this is a defect of the program ({fault.GetType().Name}: {Short(FirstLine(fault.Message))}). {Trace(fault, context.Time)}"
        );
        return ExitCode.Defect;
    }

    /// <summary>The text of a fault that the user can mend; null for defects and interruptions.</summary>
    /// <param name="fault">What ended the command.</param>
    public static string? Message(Exception fault) =>
        fault switch
        {
            CallFailedException { InnerException: { } inner } => Message(inner)
                ?? (inner is OperationCanceledException ? null : fault.Message),
            UserFaultException => fault.Message,
            AggregateException { InnerExceptions: [Exception only] } => Message(only),
            FileNotFoundException { FileName: { Length: > 0 } file } => $"{file}: there is no such file.",
            FileNotFoundException or DirectoryNotFoundException => FirstLine(fault.Message),
            PathTooLongException => "A path is longer than the file system allows. Give a shorter one.",
            UnauthorizedAccessException when !fault.Message.Contains('\'', StringComparison.Ordinal) =>
                "Standard output or the terminal cannot be written or read; perhaps it is closed.",
            UnauthorizedAccessException =>
                $"{FirstLine(fault.Message)} It is a folder where a file is expected, or its permissions forbid it; name another path or mend them.",
            IOException { InnerException: not null } or IOException => FirstLine(fault.Message),
            InvalidDataException => $"A file is damaged: {FirstLine(fault.Message)}",
            JsonException json => $"A file is not valid JSON: {JsonFaults.Describe(json)}.",
            SqliteException => $"A run's store cannot be used: {FirstLine(fault.Message)}",
            HttpRequestException =>
                $"The model's server did not answer as it should: {FirstLine(fault.Message)}",
            OperationCanceledException { InnerException: TimeoutException timeout } =>
                $"The model's server did not answer in time: {FirstLine(timeout.Message)}",
            OutOfMemoryException =>
                "There is not enough memory for this. Take a smaller model or input, or a machine with more memory.",
            InsufficientExecutionStackException => "A file is nested too deeply to be read.",
            _ => null,
        };

    /// <summary>Writes all that is known of a defect to a file.</summary>
    /// <param name="fault">The defect.</param>
    /// <param name="time">The clock.</param>
    /// <returns>A sentence that says where it is.</returns>
    public static string Trace(Exception fault, TimeProvider time)
    {
        string stamp = time.GetUtcNow().ToString("yyyyMMdd-HHmmss-fff", CultureInfo.InvariantCulture);
        string path = Path.Combine(Path.GetTempPath(), $"spar-trace-{stamp}-{Environment.ProcessId}.txt");
        string version =
            typeof(Faults).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            ?? "";
        StringBuilder text = new();
        text.Append("spar ")
            .AppendLine(version)
            .Append(".NET ")
            .Append(Environment.Version)
            .Append(" on ")
            .AppendLine(Environment.OSVersion.ToString())
            .AppendLine(stamp)
            .AppendLine()
            .AppendLine(fault.ToString());
        try
        {
            File.WriteAllText(path, text.ToString());
            return $"Its trace is in {path}; please report it.";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"Its trace could not be written to {path}.";
        }
    }

    // A name that somebody gave may have any length; what is wrong with it stands behind it.
    private static string Short(string message) =>
        message.Length <= 2000 ? message : $"{message[..900]} ... {message[^900..]}";

    private static string FirstLine(string message)
    {
        int end = message.AsSpan().IndexOfAny('\r', '\n');
        return end < 0 ? message : message[..end];
    }
}
