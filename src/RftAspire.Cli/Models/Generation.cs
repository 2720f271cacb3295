using RftAspire.Engine;
using RftAspire.Engine.Constraints;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;

namespace RftAspire.Cli.Models;

/// <summary>What to complete and how; either the text or the ids are given.</summary>
public sealed record GenerationRequest
{
    public string? Prompt { get; init; }
    public int[]? PromptIds { get; init; }
    public bool Raw { get; init; }
    public required int MaxTokens { get; init; }
    public double Temperature { get; init; }
    public double TopP { get; init; } = 1;
    public int TopK { get; init; }
    public IReadOnlyList<string> Stop { get; init; } = [];
    public long Seed { get; init; }
    public AnswerSchema? Schema { get; init; }
}

/// <summary>A completion; without a tokenizer there is no text. It did not stop where the limit of tokens ended it.</summary>
public sealed record Generated(string? Text, int[] Ids, float[] Logprobs, bool Stopped);

public static class Generation
{
    public static Generated Run(string folder, GenerationRequest request, CancellationToken cancellationToken)
    {
        using var model = LanguageModel.Load(folder);
        var completion = Sample(model, SampleRequest(model, folder, request), request.Schema, cancellationToken);
        var text = model.Encoder?.Decode(completion.Tokens);
        return new(text is null ? null : StopText.Cut(text, request.Stop), completion.Tokens, completion.Logprobs, completion.Stopped);
    }

    private static Completion Sample(LanguageModel model, SampleRequest request, AnswerSchema? schema, CancellationToken cancellationToken)
    {
        try
        {
            return model.Sample([request], cancellationToken)[0][0];
        }
        catch (SchemaException e)
        {
            throw new UsageException($"{schema?.Option}: {e.Message}");
        }
    }

    private static SampleRequest SampleRequest(LanguageModel model, string folder, GenerationRequest request)
    {
        if (request.Stop.Count > 0 && model.Encoder is null) throw new UsageException($"--stop: {folder} has no tokenizer.json to read the answer with");
        var prompt = PromptIds(model, folder, request);
        ModelLimits.CheckLength("--prompt", prompt.Length, request.MaxTokens, model.Config);
        return new()
        {
            Prompt = prompt,
            MaxTokens = request.MaxTokens,
            Temperature = request.Temperature,
            TopP = request.TopP,
            TopK = request.TopK,
            Key = RandomKey.FromSeed(request.Seed),
            StopTokens = model.Encoder?.StopTokens ?? model.Config.EosTokenIds,
            StopWhen = request.Stop.Count == 0 ? null : ids => StopText.First(model.Encoder!.Decode(ids), request.Stop) >= 0,
            Constraint = request.Schema?.For(model, folder),
        };
    }

    private static int[] PromptIds(LanguageModel model, string folder, GenerationRequest request)
    {
        if (request.PromptIds is { } ids)
        {
            ModelLimits.CheckVocabulary("--prompt-ids", ids, model.Config);
            return ids;
        }
        if (model.Encoder is null) throw new UsageException($"--prompt: {folder} has no tokenizer.json; give --prompt-ids");
        var encoded = request.Raw ? model.Encoder.Tokenizer.Encode(request.Prompt!, allowSpecial: true) : model.Encoder.Encode([("user", request.Prompt!)]);
        return encoded.Length > 0 ? encoded : throw new UsageException("--prompt: the text has no tokens; give at least one letter");
    }
}
