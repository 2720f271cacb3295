using System.Buffers;
using System.Collections.ObjectModel;
using System.Text;

namespace Grpc.Core;

/// <summary>Headers or trailers of a call, in order; keys may repeat.</summary>
public sealed class Metadata : Collection<Metadata.Entry>
{
    /// <summary>Keys that end so carry bytes, all others printable ASCII.</summary>
    public const string BinaryHeaderSuffix = "-bin";

    /// <summary>An empty collection that cannot be added to.</summary>
    public static readonly Metadata Empty = new(ReadOnlyCollection<Entry>.Empty);

    private static readonly SearchValues<char> KeyCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");

    public Metadata() { }

    private Metadata(IList<Entry> entries) : base(entries) { }

    /// <summary>The last entry of that key.</summary>
    public Entry? Get(string key) => GetAll(key).LastOrDefault();

    public string? GetValue(string key) => Get(key)?.Value;

    public byte[]? GetValueBytes(string key) => Get(key)?.ValueBytes;

    public IEnumerable<Entry> GetAll(string key) =>
        this.Where(entry => string.Equals(entry.Key, key, StringComparison.OrdinalIgnoreCase));

    public void Add(string key, string value) => Add(new Entry(key, value));

    public void Add(string key, byte[] valueBytes) => Add(new Entry(key, valueBytes));

    internal static bool IsBinary(string key) =>
        key.EndsWith(BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase);

    internal static bool IsKey(string key) =>
        key.Length > 0 && !key.ToLowerInvariant().AsSpan().ContainsAnyExcept(KeyCharacters);

    /// <summary>One key and its text or bytes.</summary>
    public sealed class Entry
    {
        private readonly string? _value;
        private readonly byte[]? _bytes;

        public Entry(string key, string value) : this(key)
        {
            ArgumentNullException.ThrowIfNull(value);
            if (IsBinary)
            {
                throw new ArgumentException($"Metadata key '{Key}' ends in -bin: give its value as bytes.", nameof(value));
            }
            if (value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            {
                throw new ArgumentException(
                    $"The value of metadata key '{Key}' holds a character outside printable ASCII: "
                    + $"give it as bytes under '{Key}-bin'.", nameof(value));
            }
            _value = value;
        }

        public Entry(string key, byte[] valueBytes) : this(key)
        {
            ArgumentNullException.ThrowIfNull(valueBytes);
            if (!IsBinary)
            {
                throw new ArgumentException($"Metadata key '{Key}' carries bytes: it must end in -bin.", nameof(key));
            }
            _bytes = [.. valueBytes];
        }

        private Entry(string key)
        {
            ArgumentNullException.ThrowIfNull(key);
            if (!IsKey(key))
            {
                throw new ArgumentException(
                    $"Metadata key '{key}' must be made of letters, digits, '-', '_' and '.'.", nameof(key));
            }
            Key = key.ToLowerInvariant();
        }

        public string Key { get; }

        public bool IsBinary => Metadata.IsBinary(Key);

        public string Value => _value
            ?? throw new InvalidOperationException($"Metadata key '{Key}' carries bytes: read ValueBytes.");

        public byte[] ValueBytes => _bytes is null ? Encoding.ASCII.GetBytes(_value!) : [.. _bytes];

        public override string ToString() =>
            _bytes is null ? $"[Entry: key={Key}, value={_value}]" : $"[Entry: key={Key}, {_bytes.Length} bytes]";
    }
}
