using System.Threading.Channels;
using Microsoft.Extensions.Options;
using RftAspire.Contracts;
using RftAspire.Engine;
using RftAspire.Engine.Constraints;
using RftAspire.Engine.Sampling;

namespace RftAspire.Judge;

/// <summary>
/// The one thread that decodes with models of ours. Questions to one model share a batch and join it at any time; what one gets does
/// not depend on the others. The models used last stay loaded.
/// </summary>
internal sealed class OwnModels(IOptions<JudgeOptions> options) : BackgroundService
{
    private const int MaxRows = 64;
    private readonly Channel<Pending> _arrivals = Channel.CreateUnbounded<Pending>(new UnboundedChannelOptions { SingleReader = true });
    private readonly List<Pending> _waiting = [];
    // The decoding thread's alone; the one used last comes last.
    private readonly List<LoadedModel> _loaded = [];

    private sealed record Pending(
        string Folder, Func<LoadedModel, SampleRequest> Request, TaskCompletionSource<(string, Completion, int)> Result, CancellationToken Cancellation);

    /// <summary>One completion of what the request makes of the loaded model, and the number of its prompt's tokens.</summary>
    public Task<(string Text, Completion Completion, int PromptTokens)> SampleAsync(string folder, Func<LoadedModel, SampleRequest> request, CancellationToken cancellation)
    {
        var result = new TaskCompletionSource<(string, Completion, int)>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_arrivals.Writer.TryWrite(new Pending(folder, request, result, cancellation))) throw new OperationCanceledException("Judge is stopping");
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
            foreach (var model in _loaded) model.Dispose();
        }
    }

    private void DecodeAll(CancellationToken stopping)
    {
        TakeArrivals();
        while (_waiting.Count > 0)
        {
            var (folder, decoding) = (_waiting[0].Folder, new List<Pending>());
            try
            {
                Decode(Load(folder), folder, decoding, stopping);
            }
#pragma warning disable CA1031 // Whatever is wrong with one model is answered to those who asked it.
            catch (Exception error) when (error is not OperationCanceledException)
#pragma warning restore CA1031
            {
                Fail(folder, decoding, new JudgeException(JudgeFailureKind.Rejected, $"{Path.GetFileName(folder)} cannot judge: {error.Message}", error));
            }
            TakeArrivals();
        }
    }

    private void Decode(LoadedModel model, string folder, List<Pending> decoding, CancellationToken stopping)
    {
        using var batch = model.OpenBatch();
        var active = 0;
        do
        {
            stopping.ThrowIfCancellationRequested();
            // Who did not fit has no better chance before an answer ends.
            if (TakeArrivals() || batch.Active < active || batch.Active == 0) Admit(batch, model, folder, decoding);
            active = batch.Active;
        }
        while (batch.Step() || _waiting.Exists(pending => pending.Folder == folder));
    }

    private void Admit(DecodingBatch batch, LoadedModel model, string folder, List<Pending> decoding)
    {
        for (var i = 0; i < _waiting.Count && batch.Active < MaxRows; i++)
        {
            var pending = _waiting[i];
            if (pending.Folder != folder) continue;
            if (Entry(pending, model, batch) is { } entry && batch.Admit([entry]) == 0) return;
            decoding.Add(pending);
            _waiting.RemoveAt(i--);
        }
    }

    /// <summary>Null, and the caller told why, where the question does not fit the model.</summary>
    private static BatchEntry? Entry(Pending pending, LoadedModel model, DecodingBatch batch)
    {
        if (pending.Cancellation.IsCancellationRequested) return null;
        try
        {
            var request = pending.Request(model);
            batch.Check(request);
            return new BatchEntry(
                request,
                completions => pending.Result.TrySetResult((model.Encoder!.Decode(completions[0].Tokens), completions[0], request.Prompt.Length)),
                fault => pending.Result.TrySetException(new JudgeException(JudgeFailureKind.Rejected, $"the schema of the answer: {fault.Message}", fault)));
        }
        catch (JudgeException fault)
        {
            pending.Result.TrySetException(fault);
            return null;
        }
        catch (Exception misfit) when (misfit is ArgumentException or SchemaException)
        {
            pending.Result.TrySetException(new JudgeException(JudgeFailureKind.Rejected, misfit.Message, misfit));
            return null;
        }
    }

    private void Fail(string folder, List<Pending> decoding, JudgeException fault)
    {
        foreach (var pending in _waiting.Where(pending => pending.Folder == folder).Concat(decoding)) pending.Result.TrySetException(fault);
        _waiting.RemoveAll(pending => pending.Folder == folder);
    }

    private LoadedModel Load(string folder)
    {
        var model = _loaded.Find(loaded => loaded.Folder == folder);
        if (model is not null) _loaded.Remove(model);
        while (_loaded.Count >= options.Value.LoadedModels)
        {
            _loaded[0].Dispose();
            _loaded.RemoveAt(0);
        }
        model ??= new LoadedModel(folder, options.Value.Threads);
        _loaded.Add(model);
        return model;
    }

    private bool TakeArrivals()
    {
        var before = _waiting.Count;
        while (_arrivals.Reader.TryRead(out var pending)) _waiting.Add(pending);
        return _waiting.Count > before;
    }
}

/// <summary>A model in memory with the schemas it was asked for last.</summary>
internal sealed class LoadedModel(string folder, int threads) : IDisposable
{
    private readonly LanguageModel _model = LanguageModel.Load(folder, threads);
    private TokenConstraintCache? _constraints;

    public string Folder => folder;

    public PromptEncoder? Encoder => _model.Encoder;

    /// <summary>The tokens of prompt and answer together.</summary>
    public int Context => _model.Config.MaxPositionEmbeddings;

    public TokenConstraint Constraint(string schema) =>
        (_constraints ??= new TokenConstraintCache(Encoder!.Tokenizer, Encoder.StopTokens, _model.Config.VocabSize)).Get(schema);

    public DecodingBatch OpenBatch() => _model.OpenBatch();

    public void Dispose() => _model.Dispose();
}
