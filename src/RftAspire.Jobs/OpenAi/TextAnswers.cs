using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.OpenAi;

internal sealed record TextChoice(string Text, int Index, TextLogprobs? Logprobs, string? FinishReason);

/// <summary>Log-probabilities as plain completions have them: lists side by side.</summary>
internal sealed record TextLogprobs(
    IReadOnlyList<string> Tokens, IReadOnlyList<double> TokenLogprobs, IReadOnlyList<Dictionary<string, double>>? TopLogprobs, IReadOnlyList<int> TextOffset)
{
    /// <param name="tokens">The tokens of one text, or of a part of it.</param>
    /// <param name="hasTop">Whether the likeliest tokens are asked for.</param>
    /// <param name="offset">Characters of the text before them; moved behind them.</param>
    public static TextLogprobs Of(IReadOnlyList<TokenLogprob> tokens, bool hasTop, ref int offset)
    {
        var offsets = new List<int>();
        foreach (var token in tokens)
        {
            offsets.Add(offset);
            offset += token.Token.Length;
        }
        return new TextLogprobs([.. tokens.Select(token => token.Token)], [.. tokens.Select(token => token.Logprob)], hasTop ? [.. tokens.Select(Top)] : null, offsets);
    }

    // Two tokens may read the same; the likelier one comes first and stays.
    private static Dictionary<string, double> Top(TokenLogprob token)
    {
        var top = new Dictionary<string, double>();
        foreach (var one in token.Top) top.TryAdd(one.Token, one.Logprob);
        return top;
    }
}
