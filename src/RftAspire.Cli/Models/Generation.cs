using RftAspire.Engine;

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
}

/// <summary>A completion; without a tokenizer there is no text.</summary>
public sealed record Generated(string? Text, int[] Ids, float[] Logprobs);

public static class Generation
{
    public static Generated Run(string folder, GenerationRequest request)
    {
        using var model = LanguageModel.Load(folder);
        if (request.Stop.Count > 0 && model.Tokenizer is null) throw new UsageException($"--stop: {folder} has no tokenizer.json to read the answer with");
        var completion = model.Sample([new SampleRequest
        {
            Prompt = PromptIds(model, folder, request),
            Count = 1,
            MaxTokens = request.MaxTokens,
            Temperature = request.Temperature,
            TopP = request.TopP,
            TopK = request.TopK,
            Seed = (ulong)request.Seed,
        }]).Single();
        var generated = new Generated(model.Tokenizer is null ? null : completion.Text, completion.Tokens, completion.Logprobs);
        return model.Tokenizer is { } tokenizer ? StopText.Cut(generated, request.Stop, ids => tokenizer.Decode(ids)) : generated;
    }

    private static int[] PromptIds(LanguageModel model, string folder, GenerationRequest request)
    {
        if (request.PromptIds is { } ids)
        {
            TokenIds.CheckVocabulary("--prompt-ids", ids, model.Config.VocabSize);
            return ids;
        }
        if (model.Tokenizer is null) throw new UsageException($"--prompt: {folder} has no tokenizer.json; give --prompt-ids");
        return request.Raw ? model.Tokenizer.Encode(request.Prompt!) : model.EncodePrompt([("user", request.Prompt!)]);
    }
}
