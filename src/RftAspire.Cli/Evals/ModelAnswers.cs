using RftAspire.Contracts;
using RftAspire.Engine;

namespace RftAspire.Cli.Evals;

/// <summary>A model that answers the rows of a dataset.</summary>
public sealed class ModelAnswers : IDisposable
{
    private readonly LanguageModel _model;

    private ModelAnswers(LanguageModel model) => _model = model;

    public static ModelAnswers Load(string folder)
    {
        var model = LanguageModel.Load(folder);
        if (model.Tokenizer is not null) return new(model);
        model.Dispose();
        throw new UsageException($"--model: {folder} has no tokenizer.json, which the prompts need");
    }

    /// <summary>Answers by row, <paramref name="count"/> each; a row's answers depend on the seed and its place alone.</summary>
    public string[][] Answer(IReadOnlyList<PromptRow> rows, int count, double temperature, int maxTokens, long seed)
    {
        var requests = rows.Select(row => new SampleRequest
        {
            Prompt = _model.EncodePrompt([.. row.Messages.Select(message => (message.Role, message.Content))]),
            Count = count,
            MaxTokens = maxTokens,
            Temperature = temperature,
            TopP = 1,
            TopK = 0,
            Seed = (ulong)seed,
        }).ToList();
        var answers = rows.Select(_ => new string[count]).ToArray();
        foreach (var completion in _model.Sample(requests)) answers[completion.RequestIndex][completion.Index] = completion.Text;
        return answers;
    }

    public void Dispose() => _model.Dispose();
}
