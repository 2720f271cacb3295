using RftAspire.Engine.Tokenization;

namespace RftAspire.Engine.Constraints;

/// <summary>
/// What a schema allows of a tokenizer's tokens at each place of a text. Safe for use by several threads: what is known is read
/// without a lock and without allocation; what is not is worked out by one thread at a time. States belong to the constraint that gave them.
/// </summary>
public sealed class TokenConstraint
{
    /// <summary>When states and masks take more, they are forgotten and worked out again as they are needed.</summary>
    private const long DefaultCapacity = 32 << 20;

    /// <summary>A mask over more stack frames is refused; working them out takes some seconds.</summary>
    private const long DefaultMaxWork = 10_000_000;

    private readonly Lock gate = new();
    private readonly TokenTrie trie;
    private readonly StackAutomaton automaton;
    private readonly int[] endTokens;
    private readonly int depthForSharing;
    private readonly ConstraintState[] path;

    /// <param name="schema">What the text must be.</param>
    /// <param name="tokenizer">Gives the bytes of the tokens.</param>
    /// <param name="endTokens">Ids that end a completion, allowed exactly where the text is complete; at least one.</param>
    /// <param name="vocabularySize">The model's number of logits where padding makes it larger than the tokenizer's.</param>
    public TokenConstraint(JsonSchemaConstraint schema, BpeTokenizer tokenizer, IReadOnlyList<int> endTokens, int? vocabularySize = null)
        : this(schema, tokenizer, endTokens, vocabularySize, DefaultCapacity)
    {
    }

    internal TokenConstraint(JsonSchemaConstraint schema, BpeTokenizer tokenizer, IReadOnlyList<int> endTokens, int? vocabularySize, long capacity, long maxWork = DefaultMaxWork)
    {
        VocabularySize = vocabularySize ?? tokenizer.VocabSize;
        if (VocabularySize < tokenizer.VocabSize) throw new ArgumentOutOfRangeException(nameof(vocabularySize), VocabularySize, $"must be at least the tokenizer's {tokenizer.VocabSize}");
        if (endTokens.Count == 0) throw new ArgumentException("a constrained text needs at least one token to end with", nameof(endTokens));
        if (endTokens.Any(token => (uint)token >= (uint)VocabularySize)) throw new ArgumentException($"the end tokens {string.Join(", ", endTokens)} must lie within the vocabulary of {VocabularySize}", nameof(endTokens));
        trie = TokenTrie.Of(tokenizer);
        automaton = new StackAutomaton(schema, capacity, maxWork);
        this.endTokens = [.. endTokens];
        // Deeper, the limit of depth may forbid within a token what it allows elsewhere. A token adds a frame more than it opens.
        depthForSharing = JsonSchemaConstraint.MaxDepth - trie.MostOpenings - schema.MaxHeight;
        path = new ConstraintState[trie.LongestToken + 1];
    }

    /// <summary>The bits of a mask.</summary>
    public int VocabularySize { get; }

    /// <summary>Before the first token.</summary>
    public ConstraintState Start => automaton.Start;

    internal int States => automaton.Count;

    /// <summary>The tokens that may come next, one bit each: token t is bit t mod 32 of element t / 32. Never without any.</summary>
    /// <exception cref="SchemaException">The schema is so ambiguous here that the work is beyond bounds.</exception>
    public ReadOnlySpan<uint> Mask(ConstraintState state)
    {
        if (Volatile.Read(ref state.Mask) is { } known) return known;
        lock (gate)
        {
            automaton.Begin();
            return MaskOf(state);
        }
    }

    /// <summary>The state after a token; after an end token nothing but an end token may follow.</summary>
    /// <exception cref="ArgumentException">The mask forbids the token.</exception>
    public ConstraintState Advance(ConstraintState state, int token)
    {
        if (IsEnd(token)) return state.HoldsEmpty ? automaton.Empty : throw Forbidden(token, "the text is not complete");
        var bytes = trie.Bytes(token);
        if (bytes.Length == 0) throw Forbidden(token, "it is not a text token");
        foreach (var value in bytes)
        {
            state = automaton.Known(state, value) ?? Step(state, value);
            if (state.IsDead) throw Forbidden(token, "its bytes do not continue the text");
        }
        return state;
    }

    /// <summary>Whether the token is one of those that end a completion.</summary>
    public bool IsEnd(int token) => Array.IndexOf(endTokens, token) >= 0;

    private ConstraintState Step(ConstraintState state, byte value)
    {
        lock (gate)
        {
            automaton.Begin();
            return automaton.Step(state, value);
        }
    }

    private uint[] MaskOf(ConstraintState state)
    {
        if (state.Mask is { } known) return known;
        var representative = automaton.Representative(state, trie.LongestToken);
        var mask = ReferenceEquals(representative, state) ? BuildMask(state) : MaskOf(representative);
        Volatile.Write(ref state.Mask, mask);
        return mask;
    }

    private uint[] BuildMask(ConstraintState state)
    {
        var mask = NewMask();
        if (state.Depth > depthForSharing) trie.Walk(automaton, state, -1, path, mask);
        else
            foreach (var kin in state.Frames.GroupBy(frame => frame.Rest)) AddShared(kin.Key, kin, mask);
        foreach (var token in endTokens)
        {
            mask[token >> 5] &= ~(1u << token);
            if (state.HoldsEmpty) mask[token >> 5] |= 1u << token;
        }
        return mask;
    }

    /// <summary>
    /// Adds the tokens that frames with one tail allow. Most tokens do not reach below the frames, and those are the same under every tail:
    /// they are found once, and only tokens that go on where the frames end are walked again.
    /// </summary>
    private void AddShared(ConstraintState rest, IEnumerable<StackFrame> frames, uint[] mask)
    {
        var alone = automaton.OnTheirOwn(frames);
        var reach = alone.Alone ??= Reach(alone);
        for (var i = 0; i < mask.Length; i++) mask[i] |= reach.Mask[i];
        if (ReferenceEquals(rest, automaton.Empty)) return;
        var resumed = automaton.Resume(rest);
        foreach (var exit in reach.Exits) trie.Walk(automaton, resumed, exit, path, mask);
    }

    private TokenReach Reach(ConstraintState alone)
    {
        var (mask, exits) = (NewMask(), new List<int>());
        trie.Walk(automaton, alone, -1, path, mask, exits);
        automaton.Charge(4L * exits.Count);
        return new TokenReach(mask, [.. exits]);
    }

    private uint[] NewMask()
    {
        var mask = new uint[(VocabularySize + 31) / 32];
        automaton.Charge(4L * mask.Length);
        return mask;
    }

    private ArgumentException Forbidden(int token, string reason) =>
        new($"token {token} ('{System.Text.Encoding.UTF8.GetString(trie.Bytes(token))}') is not allowed here: {reason}", nameof(token));
}
