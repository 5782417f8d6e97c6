using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Spar.Web.Serving;

/// <summary>
/// What a server counts: requests, tokens and times, under the names of OpenTelemetry's conventions for generative AI
/// where they have one.
/// </summary>
internal sealed class ServerMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string Name = "Spar.Server";

    // The boundaries that the conventions advise for times of whole requests, in seconds.
    private static readonly InstrumentAdvice<double> s_seconds = new()
    {
        HistogramBucketBoundaries =
            [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
    };

    private readonly Meter _meter = new(Name);
    private readonly UpDownCounter<long> _active;
    private readonly Histogram<double> _seconds;
    private readonly Histogram<double> _firstSeconds;
    private readonly Counter<long> _tokens;

    /// <summary>Opens the meter.</summary>
    public ServerMetrics()
    {
        _active = _meter.CreateUpDownCounter<long>("spar.server.active_requests", "{request}", "Requests in hand.");
        _seconds = _meter.CreateHistogram<double>("gen_ai.server.request.duration", "s", "Time of whole answers.", null, s_seconds);
        _firstSeconds = _meter.CreateHistogram<double>(
            "gen_ai.server.time_to_first_token", "s", "Time to the first piece of an answer.", null, s_seconds);
        _tokens = _meter.CreateCounter<long>("spar.server.tokens", "{token}", "Tokens read and generated.");
    }

    /// <summary>A request has come in; dispose it when it has been answered.</summary>
    /// <param name="model">The name that it asks for.</param>
    public Request Begin(string model) => new(this, model);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    /// <summary>A request in hand.</summary>
    internal sealed class Request : IDisposable
    {
        private readonly ServerMetrics _metrics;
        private readonly TagList _tags;
        private readonly long _start = Stopwatch.GetTimestamp();
        private string _result = "failed";

        /// <summary>Begins to measure.</summary>
        /// <param name="metrics">Where to.</param>
        /// <param name="model">The name that the request asks for.</param>
        public Request(ServerMetrics metrics, string model)
        {
            (_metrics, _tags) = (metrics, new TagList { { "gen_ai.request.model", model } });
            _metrics._active.Add(1);
        }

        /// <summary>The same pieces, measured as they come.</summary>
        /// <param name="pieces">An answer's pieces.</param>
        public async IAsyncEnumerable<Piece> Watch(IAsyncEnumerable<Piece> pieces)
        {
            bool first = true;
            await foreach (Piece piece in pieces.ConfigureAwait(false))
            {
                if (first)
                {
                    first = false;
                    _metrics._firstSeconds.Record(Stopwatch.GetElapsedTime(_start).TotalSeconds, _tags);
                }

                if (piece is Piece.Ended end)
                {
                    Count("input", end.InputTokens);
                    Count("output", end.OutputTokens);
                }

                yield return piece;
            }

            _result = "answered";
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            _metrics._active.Add(-1);
            TagList tags = _tags;
            tags.Add("spar.result", _result);
            _metrics._seconds.Record(Stopwatch.GetElapsedTime(_start).TotalSeconds, tags);
        }

        private void Count(string kind, long tokens)
        {
            TagList tags = _tags;
            tags.Add("gen_ai.token.type", kind);
            _metrics._tokens.Add(tokens, tags);
        }
    }
}
