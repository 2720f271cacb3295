using System.Threading.Channels;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Messages;
using RftAspire.Engine;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;

namespace RftAspire.Sampling;

/// <summary>
/// The one thread that decodes. Prompt groups of the same weights share a batch, join it at any time and leave when their last
/// completion ends; what a group gets does not depend on who shares its batch.
/// </summary>
public sealed class SamplingLoop(PolicyCache policies, IOptions<SamplingOptions> options) : BackgroundService
{
    private readonly Channel<Pending> _arrivals = Channel.CreateUnbounded<Pending>(new UnboundedChannelOptions { SingleReader = true });
    private readonly List<Pending> _waiting = [];
    private readonly List<Pending> _decoding = [];
    private readonly AnswerConstraints _constraints = new();

    private sealed record Pending(SamplePromptGroup Command, TaskCompletionSource<Rollout[]> Result);

    /// <summary>The group's rollouts in index order.</summary>
    public Task<Rollout[]> SampleAsync(SamplePromptGroup command, CancellationToken cancellation)
    {
        var result = new TaskCompletionSource<Rollout[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_arrivals.Writer.TryWrite(new Pending(command, result))) throw new OperationCanceledException("the sampler is stopping");
        return result.Task.WaitAsync(cancellation);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _arrivals.Reader.WaitToReadAsync(stoppingToken)) await Task.Run(() => DecodeAll(stoppingToken), stoppingToken);
        }
        finally
        {
            _arrivals.Writer.TryComplete();
        }
    }

    /// <summary>Decodes until nothing is left, one weights version after the other, the longest waiting first.</summary>
    private void DecodeAll(CancellationToken stopping)
    {
        TakeArrivals();
        while (_waiting.Count > 0)
        {
            var weights = _waiting[0].Command.Weights;
            try
            {
                Decode(weights, stopping);
            }
#pragma warning disable CA1031 // Whatever is wrong with one set of weights is answered to the groups that asked for it.
            catch (Exception error) when (error is not OperationCanceledException)
#pragma warning restore CA1031
            {
                Fail(weights, error);
            }
            TakeArrivals();
        }
    }

    private void Decode(WeightsReference weights, CancellationToken stopping)
    {
        var model = policies.Use(weights);
        using var batch = model.OpenBatch((long)options.Value.CacheMiB << 20);
        var active = 0;
        do
        {
            stopping.ThrowIfCancellationRequested();
            // Who did not fit has no better chance before a completion ends.
            if (TakeArrivals() || batch.Active < active || batch.Active == 0) Admit(batch, model, weights);
            active = batch.Active;
        }
        while (batch.Step() || _waiting.Exists(pending => pending.Command.Weights == weights));
        _decoding.Clear();
    }

    /// <summary>Groups join in the order of their arrival, as many as rows and cache have room for; the others go on waiting.</summary>
    private void Admit(DecodingBatch batch, LanguageModel model, WeightsReference weights)
    {
        var (next, entries, rows) = (new List<Pending>(), new List<BatchEntry>(), batch.Active);
        for (var i = 0; i < _waiting.Count; i++)
        {
            var pending = _waiting[i];
            if (pending.Command.Weights != weights) continue;
            if (Request(pending, model, batch) is not { } request)
            {
                _waiting.RemoveAt(i--);
                continue;
            }
            if (rows > 0 && rows + request.Count > options.Value.MaxRows) break;
            rows += request.Count;
            next.Add(pending);
            entries.Add(new BatchEntry(request, completions => pending.Result.TrySetResult(ToRollouts(completions, model)),
                failure => pending.Result.TrySetException(failure)));
        }
        foreach (var pending in next[..batch.Admit(entries)])
        {
            _waiting.Remove(pending);
            _decoding.Add(pending);
        }
    }

    /// <summary>Null, and the group told why, when it fits neither model nor cache: the groups beside it are not at fault.</summary>
    private SampleRequest? Request(Pending pending, LanguageModel model, DecodingBatch batch)
    {
        try
        {
            var request = Request(pending.Command, model);
            batch.Check(request);
            return request;
        }
        catch (ArgumentException misfit)
        {
            pending.Result.TrySetException(misfit);
            return null;
        }
    }

    private void Fail(WeightsReference weights, Exception error)
    {
        foreach (var pending in _waiting.Where(pending => pending.Command.Weights == weights).Concat(_decoding)) pending.Result.TrySetException(error);
        _waiting.RemoveAll(pending => pending.Command.Weights == weights);
        _decoding.Clear();
    }

    private bool TakeArrivals()
    {
        var before = _waiting.Count;
        while (_arrivals.Reader.TryRead(out var pending)) _waiting.Add(pending);
        return _waiting.Count > before;
    }

    private SampleRequest Request(SamplePromptGroup command, LanguageModel model) => new()
    {
        Prompt = command.PromptTokens,
        Count = command.GroupSize,
        MaxTokens = command.Sampling.MaxCompletionTokens,
        Temperature = command.Sampling.Temperature,
        TopP = command.Sampling.TopP,
        TopK = command.Sampling.TopK,
        Key = RandomKey.FromSeed(command.Seed).Derive(command.Id.Step).Derive((long)command.Id.Purpose).Derive(command.Id.Group),
        StopTokens = model.Config.EosTokenIds,
        Constraint = _constraints.For(command, model),
    };

    private static Rollout[] ToRollouts(IReadOnlyList<Completion> completions, LanguageModel model) =>
        [.. completions.Select(completion => new Rollout
        {
            Index = completion.Index,
            CompletionTokens = completion.Tokens,
            SamplingLogprobs = completion.Logprobs,
            Text = model.Encoder?.Decode(completion.Tokens) ?? "",
            FinishReason = completion.Stopped ? FinishReason.Stop : FinishReason.Length,
        })];
}
