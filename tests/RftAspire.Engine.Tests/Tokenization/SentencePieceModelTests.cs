using System.Text;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Engine.Tests.Tokenization;

public sealed class SentencePieceModelTests : IDisposable
{
    private const int Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Byte = 6;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Load_BpeModel_MergesBestScoreFirst()
    {
        Write(Pieces());
        var tokenizer = BpeTokenizer.Load(folder.Path);
        // The best score joins ▁ and a; "ab" has to wait for what is left.
        Assert.Equal("▁a|b|▁a|a|ab", Tokens(tokenizer, "ab aaab"));
        Assert.Equal("▁|<0xC3>|<0xA9>", Tokens(tokenizer, "é"));
        Assert.Equal("é ab", tokenizer.Decode(tokenizer.Encode("é ab")));
        Assert.Equal([1, .. tokenizer.Encode("a")], tokenizer.Encode("a", addSpecial: true));
        Assert.Equal("<s>", tokenizer.IdToToken(tokenizer.Encode("<s>", allowSpecial: true)[0]));
        Assert.DoesNotContain(1, tokenizer.Encode("<s>"));
    }

    [Fact]
    public void Save_ReadModel_EncodesTheSameAsTokenizerJson()
    {
        Write(Pieces());
        var original = BpeTokenizer.Load(folder.Path);
        original.Save(folder.Path);
        var saved = BpeTokenizer.Load(folder.Path);
        foreach (var text in new[] { "ab aaab é", "", " b  a" }) Assert.Equal(original.Encode(text, addSpecial: true), saved.Encode(text, addSpecial: true));
    }

    [Theory]
    [InlineData("unigram", "trainer_spec.model_type 1")]
    [InlineData("spaces", "normalizer_spec.remove_extra_whitespaces")]
    [InlineData("charsmap", "normalizer_spec.precompiled_charsmap")]
    [InlineData("userDefined", "piece 'x' of type 4")]
    [InlineData("twice", "piece 'a' occurs twice")]
    public void Load_WhatIsNotSupported_SaysSoAndWhatToDo(string what, string expected)
    {
        var pieces = Pieces();
        if (what == "userDefined") pieces.Add(("x", 0, UserDefined));
        if (what == "twice") pieces.Add(("a", 0, Normal));
        Write(pieces, what == "unigram" ? 1 : 2, what == "spaces", what == "charsmap");
        var fault = Assert.Throws<CheckpointException>(() => BpeTokenizer.Load(folder.Path));
        Assert.StartsWith(folder.File("tokenizer.model"), fault.Message, StringComparison.Ordinal);
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_RandomMutations_ThrowNothingButCheckpointException()
    {
        Write(Pieces());
        var bytes = File.ReadAllBytes(folder.File("tokenizer.model"));
        var random = new Random(9);
        for (var round = 0; round < 300; round++)
        {
            var mutated = bytes[..(round % 3 == 0 ? random.Next(bytes.Length) : bytes.Length)];
            for (var edits = 0; edits < 3 && mutated.Length > 0; edits++) mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(folder.File("tokenizer.model"), mutated);
            try
            {
                BpeTokenizer.Load(folder.Path);
            }
            catch (CheckpointException)
            {
                // Refused, as it should be.
            }
        }
    }

    private static string Tokens(BpeTokenizer tokenizer, string text) => string.Join('|', tokenizer.Encode(text).Select(tokenizer.IdToToken));

    private static List<(string Text, float Score, int Type)> Pieces() =>
    [
        ("<unk>", 0, Unknown), ("<s>", 0, Control), ("</s>", 0, Control),
        .. Enumerable.Range(0, 256).Select(value => (BpeModel.ByteToken((byte)value), 0f, Byte)),
        ("▁a", -1, Normal), ("ab", -2, Normal), ("▁", -3, Normal), ("a", -4, Normal), ("b", -5, Normal),
    ];

    /// <summary>The protobuf: pieces in field 1, the trainer's model type in 2, the normalizer in 3.</summary>
    private void Write(List<(string Text, float Score, int Type)> pieces, int modelType = 2, bool removeSpaces = false, bool charsmap = false)
    {
        using var file = File.Create(folder.File("tokenizer.model"));
        foreach (var (text, score, type) in pieces)
            file.Write(Message(1, [.. Message(1, Encoding.UTF8.GetBytes(text)), 0x15, .. BitConverter.GetBytes(score), 0x18, (byte)type]));
        file.Write(Message(2, [0x18, (byte)modelType]));
        file.Write(Message(3, [.. Message(1, "identity"u8.ToArray()), .. charsmap ? Message(2, [1]) : [], 0x18, 1, 0x20, (byte)(removeSpaces ? 1 : 0)]));
    }

    private static byte[] Message(int field, byte[] content) => [(byte)((field << 3) | 2), (byte)content.Length, .. content];
}
