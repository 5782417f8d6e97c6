using System.CommandLine;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using Spar.Cli.Console;
using Spar.Engine.Kernels;
using Spar.Ground;
using Spar.Runtime.Composition;
using Spar.Templates;

namespace Spar.Cli.Commands;

/// <summary><c>spar env</c>: what the program runs on and where it looks for things.</summary>
internal static class EnvCommand
{
    private const string Help = """
        Says what the program runs on and where it looks for things: version, system, processor and the kernels chosen for it, memory, models, recipes,
        templates, and the environment variables that matter. Of keys and addresses it says only whether they are set. A good beginning of a report.

        Examples:
          spar env
          spar env --json
        """;

    // Keys and addresses may hold secrets: of these only whether they are set.
    private static readonly (string Name, bool Shown, string For)[] s_variables =
    [
        (ServedModels.KeyVariable, false, "the key of OpenAI-compatible endpoints"),
        ("HTTP_PROXY", false, "requests to endpoints"),
        ("HTTPS_PROXY", false, "requests to endpoints"),
        ("NO_PROXY", false, "requests to endpoints"),
        ("NO_COLOR", true, "no colour on terminals"),
        ("TERM", true, "what the terminal can do"),
        ("DOTNET_EnableAVX512", true, "narrower kernels"),
        ("DOTNET_EnableAVX2", true, "narrower kernels"),
        ("DOTNET_EnableHWIntrinsic", true, "portable kernels"),
        ("DOTNET_GCHeapHardLimit", true, "a bound on memory"),
        ("TMPDIR", true, "temporary files"),
    ];

    public static Command Create(CommandContext context)
    {
        Option<bool> json = Shared.Json("print JSON for scripts and reports");
        Command command = new("env", Help) { json };
        command.SetAction(parse =>
        {
            IReadOnlyList<(string Name, string Value)> facts = Facts();
            if (parse.GetValue(json))
            {
                context.Print(
                    JsonSerializer.Serialize(
                        facts.ToDictionary(fact => fact.Name, fact => fact.Value),
                        JsonSettings.Readable
                    ) + "\n"
                );
                return ExitCode.Success;
            }

            Figures figures = new Figures().Column("").Column("");
            foreach ((string name, string value) in facts)
            {
                figures.Row(name, value);
            }

            figures.WriteTo(context.Output);
            return ExitCode.Success;
        });
        return command;
    }

    private static IReadOnlyList<(string Name, string Value)> Facts()
    {
        string version =
            typeof(EnvCommand)
                .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
                ?.InformationalVersion
            ?? "unknown";
        return
        [
            ("spar", version),
            ("program", AppContext.BaseDirectory),
            ("runtime", RuntimeInformation.FrameworkDescription),
            (
                "system",
                $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}".ToLowerInvariant()
            ),
            ("kernels", KernelPath.Description),
            ("threads", Number($"{Environment.ProcessorCount} unless --threads says otherwise")),
            (
                "memory",
                Number(
                    $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30):0.0} GiB for this process"
                )
            ),
            ("here", Environment.CurrentDirectory),
            ("models", $"as named, from here; {Shared.NanoModel} is {Place(Shared.NanoModel)}"),
            ("recipes", $"as named, from here; those that come with it are in {Place("recipes")}"),
            ("templates", $"{string.Join(", ", TemplateSet.BuiltIn)} (built in), or a folder"),
            ("runs", $"runs/ and the recipe's name, from here; {Found("runs")}"),
            ("traces", Path.GetTempPath()),
            .. s_variables.Select(variable =>
                (
                    variable.Name,
                    Value: Environment.GetEnvironmentVariable(variable.Name) switch
                    {
                        null or "" => $"not set ({variable.For})",
                        string value => variable.Shown ? $"{value} ({variable.For})" : $"set ({variable.For})",
                    }
                )
            ),
        ];
    }

    private static string Found(string folder) =>
        Directory.Exists(folder) ? $"{folder} is here" : $"{folder} is not here";

    private static string Place(string shipped) =>
        ShippedFiles.Resolve(shipped) is string place && Path.Exists(place) ? place : "missing beside the program";

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
