namespace RftAspire.Engine.Checkpoints.Gguf;

/// <summary>The metadata of a file by key, held to the kind of value that is asked for.</summary>
internal sealed class GgufMetadata(GgufFile file)
{
    public bool Has(string key) => file.Metadata.ContainsKey(key);

    public string? Text(string key) => Find<string>(key, "a text");

    public string[]? Texts(string key) => Find<string[]>(key, "an array of texts");

    public long[]? Integers(string key) => Find<long[]>(key, "an array of integers");

    public int? OptionalInteger(string key) => Find<object>(key, "") switch
    {
        null => null,
        long value and >= int.MinValue and <= int.MaxValue => (int)value,
        var other => throw Unsupported(key, other, "an integer"),
    };

    public int Integer(string key, int? fallback = null) => OptionalInteger(key) ?? fallback ?? throw Missing(key);

    public double Number(string key, double? fallback = null) => Find<object>(key, "") switch
    {
        null => fallback ?? throw Missing(key),
        double value => value,
        long value => value,
        var other => throw Unsupported(key, other, "a number"),
    };

    /// <summary>Refuses a value that would make another computation than the engine's.</summary>
    public void Expect(string key, double value)
    {
        if (Number(key, value) != value) throw Unsupported(key, file.Metadata[key], FormattableString.Invariant($"{value}"));
    }

    public CheckpointException Unsupported(string key, object value, string supported) =>
        new(file.Path, FormattableString.Invariant($"{key} = {(value is Array array ? $"an array of {array.Length}" : value)} is not supported: expected {supported}"));

    private T? Find<T>(string key, string expected) where T : class =>
        !file.Metadata.TryGetValue(key, out var value) ? null : value as T ?? throw Unsupported(key, value, expected);

    private CheckpointException Missing(string key) => new(file.Path, $"metadata {key} is missing");
}
