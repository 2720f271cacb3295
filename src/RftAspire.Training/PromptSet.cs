using System.Text.Json;
using RftAspire.Contracts;
using RftAspire.Engine;
using RftAspire.Engine.Numerics;

namespace RftAspire.Training;

/// <summary>A job's prompts as token ids.</summary>
public sealed class PromptSet
{
    private readonly int[][] _tokens;
    private readonly bool[] _startsWord;
    private readonly int _sharedStart;
    private readonly int _sharedEnd;

    private PromptSet(int[][] tokens, bool[] startsWord)
    {
        (_tokens, _startsWord) = (tokens, startsWord);
        if (tokens.Length < 2) return;
        var shortest = tokens.Min(prompt => prompt.Length);
        while (_sharedStart < shortest && tokens.All(prompt => prompt[_sharedStart] == tokens[0][_sharedStart])) _sharedStart++;
        while (_sharedStart + _sharedEnd < shortest && tokens.All(prompt => prompt[^(_sharedEnd + 1)] == tokens[0][^(_sharedEnd + 1)])) _sharedEnd++;
    }

    public int Count => _tokens.Length;

    /// <exception cref="TrainingException">A prompt does not fit the model's context.</exception>
    public static PromptSet Load(string file, PromptEncoder encoder, int vocabulary, int longest)
    {
        var rows = File.ReadLines(file).Select(line => JsonSerializer.Deserialize<PromptRow>(line, ArtifactStore.Json)!).ToList();
        var tokens = rows.Select(row => encoder.Encode([.. row.Messages.Select(message => (message.Role, message.Content))], row.Tools)).ToArray();
        var tooLong = Array.FindIndex(tokens, prompt => prompt.Length > longest);
        if (tooLong >= 0)
            throw new TrainingException("prompt_too_long", $"line {rows[tooLong].Line}: the prompt has {tokens[tooLong].Length} tokens; with max_completion_tokens the model's context leaves {longest}");
        var startsWord = Enumerable.Range(0, vocabulary).Select(id => encoder.Tokenizer.DecodeBytes([id]) is [(byte)' ', ..]).ToArray();
        return new PromptSet(tokens, startsWord);
    }

    public int[] Tokens(int index) => _tokens[index];

    /// <summary>
    /// The prompt with words left out at random. Only the part that differs between prompts loses words: the instruction around it
    /// stays whole. A prompt that would lose everything keeps everything, since a model cannot answer nothing.
    /// </summary>
    public int[] WithDropout(int index, double probability, RandomKey key)
    {
        var prompt = _tokens[index];
        if (probability <= 0 || Count < 2) return prompt;
        var kept = new List<int>(prompt.Length);
        var dropping = false;
        for (var i = 0; i < prompt.Length; i++)
        {
            var varies = i >= _sharedStart && i < prompt.Length - _sharedEnd;
            if (varies && (i == _sharedStart || _startsWord[prompt[i]])) dropping = key.Uniform(i) < probability;
            if (!varies || !dropping) kept.Add(prompt[i]);
        }
        return kept.Count == 0 ? prompt : [.. kept];
    }
}
