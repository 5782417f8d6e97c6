using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Spar.Cli.Console;

/// <summary>
/// Sends metrics and traces of a command by OTLP where OpenTelemetry's own environment variables name a receiver
/// (OTEL_EXPORTER_OTLP_ENDPOINT, or that of one signal). Nothing is sent otherwise, and a receiver that does not answer
/// holds nothing up.
/// </summary>
internal sealed class Telemetry : IDisposable
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private readonly TracerProvider? _traces;
    private readonly MeterProvider? _metrics;

    private Telemetry(TracerProvider? traces, MeterProvider? metrics) => (_traces, _metrics) = (traces, metrics);

    /// <summary>Begins to send; null where nobody is named.</summary>
    /// <param name="warn">Is told of a variable that cannot be used.</param>
    public static Telemetry? Start(Action<string> warn)
    {
        if (string.Equals(Variable("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        (Uri, OtlpExportProtocol, string?)? traces = Receiver("TRACES", warn);
        (Uri, OtlpExportProtocol, string?)? metrics = Receiver("METRICS", warn);
        if (traces is null && metrics is null)
        {
            return null;
        }

        ResourceBuilder resource = ResourceBuilder.CreateEmpty()
            .AddService("spar", serviceVersion: Version, autoGenerateServiceInstanceId: true)
            .AddTelemetrySdk().AddEnvironmentVariableDetector();
        return new Telemetry(
            traces is not { } spans ? null
                : Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource("Spar.*")
                    .SetSampler(new CallSampler(Share(warn))).AddOtlpExporter(options => Set(options, spans)).Build(),
            metrics is not { } figures ? null
                : Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter("Spar.*")
                    .AddOtlpExporter(options => Set(options, figures)).Build());
    }

    /// <summary>Sends what is left.</summary>
    public void Dispose()
    {
        _traces?.Dispose();
        _metrics?.Dispose();
    }

    private static string? Version =>
        typeof(Telemetry).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;

    // The address of one signal is taken as it is; over HTTP the common one gets the signal's path.
    private static (Uri Address, OtlpExportProtocol Protocol, string? Headers)? Receiver(
        string signal, Action<string> warn)
    {
        string own = $"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT";
        string name = Variable(own) is null ? Endpoint : own;
        if (Variable(name) is not { } text || Variable($"OTEL_{signal}_EXPORTER") == "none")
        {
            return null;
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
        {
            if (name == own || signal == "TRACES")
            {
                warn($"{name} is no address such as http://localhost:4317; nothing is sent there.");
            }

            return null;
        }

        bool http = (Variable($"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL") ?? Variable("OTEL_EXPORTER_OTLP_PROTOCOL"))
            == "http/protobuf";
        return (
            http && name == Endpoint ? new Uri($"{text.TrimEnd('/')}/v1/{signal.ToLowerInvariant()}") : address,
            http ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc,
            Variable($"OTEL_EXPORTER_OTLP_{signal}_HEADERS"));
    }

    private static void Set(
        OtlpExporterOptions options, (Uri Address, OtlpExportProtocol Protocol, string? Headers) receiver)
    {
        (options.Endpoint, options.Protocol) = (receiver.Address, receiver.Protocol);
        options.Headers = receiver.Headers ?? options.Headers;
    }

    // OTEL_TRACES_SAMPLER by its standard names; a run is one trace, so a share is one of its calls.
    private static double Share(Action<string> warn)
    {
        string sampler = Variable("OTEL_TRACES_SAMPLER") ?? "always_on";
        if (sampler.EndsWith("always_off", StringComparison.Ordinal))
        {
            return 0;
        }

        if (!sampler.EndsWith("traceidratio", StringComparison.Ordinal)
            || Variable("OTEL_TRACES_SAMPLER_ARG") is not { } text)
        {
            return 1;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double share)
            && share is >= 0 and <= 1)
        {
            return share;
        }

        warn($"OTEL_TRACES_SAMPLER_ARG is no share between 0 and 1: {text}. Every call is traced.");
        return 1;
    }

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    /// <summary>Takes runs and stages always, and of calls an even share.</summary>
    private sealed class CallSampler(double share) : Sampler
    {
        private long _seen;

        public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
        {
            if (samplingParameters.Kind != ActivityKind.Client)
            {
                return new SamplingResult(share > 0);
            }

            // The n-th call is taken where the share of n passes a whole number.
            long number = Interlocked.Increment(ref _seen);
            return new SamplingResult(Math.Floor(number * share) > Math.Floor((number - 1) * share));
        }
    }
}
