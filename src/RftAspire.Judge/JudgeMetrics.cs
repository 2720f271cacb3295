using System.Diagnostics;
using System.Diagnostics.Metrics;
using RftAspire.Judge.Answers;

namespace RftAspire.Judge;

/// <summary>What the service says about itself: numbers and names, never what is judged.</summary>
internal sealed class JudgeMetrics : IDisposable
{
    private readonly ActivitySource _activities = new(Extensions.TelemetryName);
    private readonly Meter _meter = new(Extensions.TelemetryName);
    private readonly Counter<long> _calls;
    private readonly Counter<long> _tokens;
    private readonly Counter<long> _failures;
    private readonly Counter<long> _remembered;
    private readonly Histogram<double> _duration;
    private readonly UpDownCounter<long> _inFlight;

    public JudgeMetrics()
    {
        _calls = _meter.CreateCounter<long>("rft.judge.calls", description: "Questions put to a model.");
        _tokens = _meter.CreateCounter<long>("rft.judge.tokens", "{token}", "Tokens by direction.");
        _failures = _meter.CreateCounter<long>("rft.judge.failures", description: "Judgements that failed, by kind.");
        _remembered = _meter.CreateCounter<long>("rft.judge.remembered", description: "Judgements that cost nothing.");
        _duration = _meter.CreateHistogram<double>("rft.judge.duration", "s", "From question to answer, tries and waiting included.");
        _inFlight = _meter.CreateUpDownCounter<long>("rft.judge.in_flight", description: "Questions without an answer yet.");
    }

    public void Remembered() => _remembered.Add(1);

    public void Failed(string kind) => _failures.Add(1, new KeyValuePair<string, object?>("kind", kind));

    /// <summary>Measures one call from here to the end of the scope.</summary>
    public Call Begin(string model) => new(this, model);

    public void Dispose()
    {
        _meter.Dispose();
        _activities.Dispose();
    }

    internal sealed class Call : IDisposable
    {
        private readonly long _start = Stopwatch.GetTimestamp();
        private readonly JudgeMetrics _metrics;
        private readonly KeyValuePair<string, object?> _model;
        private readonly Activity? _activity;

        public Call(JudgeMetrics metrics, string model)
        {
            (_metrics, _model) = (metrics, new("model", model));
            _activity = metrics._activities.StartActivity("judge", ActivityKind.Client)?.SetTag("judge.model", model);
            metrics._inFlight.Add(1, _model);
        }

        public void Spent(TokenUse use)
        {
            _metrics._tokens.Add(use.PromptTokens, _model, new("direction", "prompt"));
            _metrics._tokens.Add(use.CompletionTokens, _model, new("direction", "completion"));
            _activity?.SetTag("judge.prompt_tokens", use.PromptTokens).SetTag("judge.completion_tokens", use.CompletionTokens);
        }

        public void Ended(Finding finding)
        {
            var outcome = finding is NoVerdict failure ? failure.Kind : "verdict";
            _metrics._calls.Add(1, _model, new("outcome", outcome));
            _activity?.SetTag("judge.outcome", outcome);
            if (finding is NoVerdict) _activity?.SetStatus(ActivityStatusCode.Error);
        }

        public void Dispose()
        {
            _metrics._inFlight.Add(-1, _model);
            _metrics._duration.Record(Stopwatch.GetElapsedTime(_start).TotalSeconds, _model);
            _activity?.Dispose();
        }
    }
}
