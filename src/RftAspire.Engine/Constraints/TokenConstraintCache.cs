using System.Runtime.InteropServices;
using System.Security.Cryptography;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Engine.Constraints;

/// <summary>
/// The constraints of the schemas used last with one tokenizer, each compiled once however many threads ask for it. Safe for use by several
/// threads. A schema that is refused is remembered as such.
/// </summary>
public sealed class TokenConstraintCache(BpeTokenizer tokenizer, IReadOnlyList<int> endTokens, int? vocabularySize = null, int capacity = 16)
{
    private readonly Lock gate = new();
    private readonly LinkedList<(string Digest, Lazy<TokenConstraint> Constraint)> latest = [];
    private readonly Dictionary<string, LinkedListNode<(string Digest, Lazy<TokenConstraint> Constraint)>> known = new(StringComparer.Ordinal);

    /// <summary>The constraint of a schema's text, by the text's SHA-256; null asks for any JSON object.</summary>
    /// <exception cref="SchemaException">The schema is refused.</exception>
    public TokenConstraint Get(string? schemaJson)
    {
        var digest = schemaJson is null ? "" : Convert.ToHexString(SHA256.HashData(MemoryMarshal.AsBytes(schemaJson.AsSpan())));
        return Find(digest, schemaJson).Value;
    }

    private Lazy<TokenConstraint> Find(string digest, string? schemaJson)
    {
        lock (gate)
        {
            if (known.TryGetValue(digest, out var node)) latest.Remove(node);
            else known[digest] = node = new((digest, new Lazy<TokenConstraint>(() => Compile(schemaJson))));
            latest.AddFirst(node);
            if (known.Count > capacity)
            {
                known.Remove(latest.Last!.Value.Digest);
                latest.RemoveLast();
            }
            return node.Value.Constraint;
        }
    }

    private TokenConstraint Compile(string? schemaJson) =>
        new(schemaJson is null ? JsonSchemaConstraint.AnyObject : JsonSchemaConstraint.Parse(schemaJson), tokenizer, endTokens, vocabularySize);
}
