using RftAspire.Engine.Numerics;
using RftAspire.Engine.Tokenization;
using RftAspire.Engine.Training;

namespace RftAspire.Cli.Pretraining;

/// <summary>
/// The batches of language pre-training. Most windows are random stretches of the text; some tie an act's title to a passage of
/// the same act, in the words of the prompt that the model will read later, because titles are what it is asked about.
/// </summary>
internal sealed class TextWindows
{
    private const double TitledShare = 0.15;
    private const double TitleFirstShare = 0.6;
    private readonly List<int[]> _acts;
    private readonly List<int[]> _titles;
    private readonly long[] _ends;
    private readonly int _bos;
    private readonly int[] _lineBreak;
    private readonly int _length;

    public TextWindows(IReadOnlyList<Act> acts, BpeTokenizer tokenizer, int length)
    {
        _length = length;
        _acts = [.. acts.Select(act => tokenizer.Encode(act.Text))];
        _titles = [.. acts.Select(act => tokenizer.Encode($"Title: {act.Title}\n"))];
        _bos = tokenizer.TokenToId("<bos>")!.Value;
        _lineBreak = tokenizer.Encode("\n");
        long total = 0;
        _ends = [.. _acts.Select(act => total += act.Length)];
    }

    /// <summary>Tokens of the whole text.</summary>
    public long Tokens => _ends[^1];

    public List<TrainingGroup> Batch(RandomKey key, int windows) => [.. Enumerable.Range(0, windows).Select(i => Window(key.Derive(i)))];

    private TrainingGroup Window(RandomKey key)
    {
        var act = Array.BinarySearch(_ends, (long)(key.Uniform(0) * Tokens)) is var found && found >= 0 ? found + 1 : ~found;
        var titled = key.Uniform(1) < TitledShare && _titles[act].Length < _length / 2;
        if (!titled) return Group(Passage(act, _length, key));
        var passage = Passage(act, _length - _titles[act].Length - 2, key);
        return key.Uniform(3) < TitleFirstShare
            ? Group([_bos, .. _titles[act], .. passage])
            : Group([.. passage, .. _lineBreak, .. _titles[act]]);
    }

    private int[] Passage(int act, int length, RandomKey key)
    {
        var text = _acts[act];
        if (text.Length <= length) return text;
        var start = key.Below(2, text.Length - length + 1);
        return text[start..(start + length)];
    }

    private static TrainingGroup Group(int[] tokens) => new(tokens[..1], [tokens[1..]]);
}
