using RftAspire.Cli.Models;
using RftAspire.Contracts;
using RftAspire.Engine;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Cli.Evals;

/// <summary>A model that answers the rows of a dataset.</summary>
public sealed class ModelAnswers : IDisposable
{
    private readonly LanguageModel _model;
    private readonly PromptEncoder _encoder;

    private ModelAnswers(LanguageModel model, PromptEncoder encoder) => (_model, _encoder) = (model, encoder);

    public static ModelAnswers Load(string folder)
    {
        var model = LanguageModel.Load(folder);
        if (model.Encoder is { } encoder) return new(model, encoder);
        model.Dispose();
        throw new UsageException($"{folder} has no tokenizer.json, which an eval needs to read the prompts");
    }

    /// <summary>One greedy answer a row.</summary>
    public string[][] Greedy(IReadOnlyList<PromptRow> rows, int maxTokens, CancellationToken cancellationToken) =>
        Answer(rows, count: 1, temperature: 0, maxTokens, seed: 0, cancellationToken);

    /// <summary>Answers at temperature 1; a row's answers depend on the seed and its place alone.</summary>
    public string[][] Sampled(IReadOnlyList<PromptRow> rows, int count, int maxTokens, long seed, CancellationToken cancellationToken) =>
        Answer(rows, count, temperature: 1, maxTokens, seed, cancellationToken);

    public void Dispose() => _model.Dispose();

    private string[][] Answer(IReadOnlyList<PromptRow> rows, int count, double temperature, int maxTokens, long seed, CancellationToken cancellationToken)
    {
        var key = RandomKey.FromSeed(seed);
        var requests = rows.Select((row, place) => new SampleRequest
        {
            Prompt = Prompt(row, maxTokens),
            Count = count,
            MaxTokens = maxTokens,
            Temperature = temperature,
            Key = key.Derive(place),
            StopTokens = _encoder.StopTokens,
        }).ToList();
        return [.. _model.Sample(requests, cancellationToken).Select(completions => completions.Select(one => _encoder.Decode(one.Tokens)).ToArray())];
    }

    private int[] Prompt(PromptRow row, int maxTokens)
    {
        var prompt = Encode(row);
        ModelLimits.CheckLength($"line {row.Line}", prompt.Length, maxTokens, _model.Config);
        return prompt;
    }

    private int[] Encode(PromptRow row)
    {
        try
        {
            return _encoder.Encode([.. row.Messages.Select(message => (message.Role, message.Content))], row.Tools);
        }
        catch (ChatTemplateException e)
        {
            throw new UsageException($"line {row.Line}: {e.Message}");
        }
    }
}
