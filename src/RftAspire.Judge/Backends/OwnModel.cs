using System.Globalization;
using RftAspire.Contracts;
using RftAspire.Contracts.Judge.V1;
using RftAspire.Engine;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Tokenization;
using RftAspire.Judge.Prompts;

namespace RftAspire.Judge;

/// <summary>
/// A model of ours. It decodes under a schema, so that what it writes is always an answer within range; the same request draws the
/// same answer.
/// </summary>
internal sealed class OwnModel(string name, string folder, OwnModels models, JudgeOptions options) : IJudgeBackend
{
    private const int Steps = 4;
    // In bytes, and so in tokens, with room to spare: a label has at most 200 letters.
    private const int LongestResult = 2048;

    public string Model => name;

    public string Identity => $"own {name}";

    public async Task<Answer> AskAsync(Prompt prompt, SamplingParams sampling, (string Digest, int Vote) draw, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(options.Deadline);
        try
        {
            var answer = await AskAsync(prompt, sampling, draw, Steps, deadline.Token);
            if (answer.Ending == Ending.Complete) return answer;
            // It did not come to an end: the steps are lost, not the judgement.
            var bare = await AskAsync(prompt, sampling, draw, 0, deadline.Token);
            return bare with { Usage = new TokenUse(answer.Usage.PromptTokens + bare.Usage.PromptTokens, answer.Usage.CompletionTokens + bare.Usage.CompletionTokens, 0) };
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new JudgeException(JudgeFailureKind.Timeout, $"{name}: no answer within {options.Deadline} (Judge:Deadline)");
        }
    }

    private async Task<Answer> AskAsync(Prompt prompt, SamplingParams sampling, (string Digest, int Vote) draw, int steps, CancellationToken cancellation)
    {
        var (text, completion, promptTokens) = await models.SampleAsync(folder, model => Request(model, prompt, sampling, draw, steps), cancellation);
        return new Answer(text, completion.Stopped ? Ending.Complete : Ending.Truncated, new TokenUse(promptTokens, completion.Tokens.Length, 0));
    }

    private SampleRequest Request(LoadedModel model, Prompt prompt, SamplingParams sampling, (string Digest, int Vote) draw, int steps)
    {
        if (model.Encoder is not { StopTokens.Count: > 0 } encoder)
            throw Rejected("has no tokenizer.json, or no eos_token_id in its config.json, so it can write no answer");
        var ids = Encode(encoder, prompt);
        var constraint = model.Constraint(prompt.Form.ClosedSchema(steps));
        var room = model.Context - ids.Length;
        if (room < 1) throw Rejected($"reads {model.Context} tokens, and the question has {ids.Length}; shorten rubric or data, or take a model that reads more");
        return new SampleRequest
        {
            Prompt = ids,
            MaxTokens = steps == 0 ? Math.Min(room, LongestResult) : Math.Min(room, sampling.HasMaxCompletionsTokens ? sampling.MaxCompletionsTokens : options.MaxCompletionTokens),
            Temperature = sampling.HasTemperature ? sampling.Temperature : 0,
            TopP = sampling.HasTopP ? sampling.TopP : 1,
            Key = RandomKey.FromSeed(long.Parse(draw.Digest.AsSpan(0, 16), NumberStyles.HexNumber, CultureInfo.InvariantCulture)).Derive(draw.Vote),
            StopTokens = encoder.StopTokens,
            Constraint = constraint,
        };
    }

    /// <summary>The model's own control tokens are text wherever they stand in a message.</summary>
    private int[] Encode(PromptEncoder encoder, Prompt prompt)
    {
        var control = encoder.Tokenizer.AddedTokens.Where(token => token.Special && token.Content.Length > 1).Select(token => token.Content).ToArray();
        string Plain(string text) => control.Aggregate(text, (plain, token) => plain.Replace(token, $"{token[..1]}\\{token[1..]}", StringComparison.Ordinal));
        try
        {
            return encoder.Encode([.. prompt.Messages.Select(message => (message.Role == "developer" ? "system" : message.Role, Plain(message.Content)))]);
        }
        catch (ChatTemplateException refused)
        {
            throw Rejected($"its chat template does not take the messages: {refused.Message}");
        }
    }

    private JudgeException Rejected(string why) => new(JudgeFailureKind.Rejected, $"{name} {why}");
}
