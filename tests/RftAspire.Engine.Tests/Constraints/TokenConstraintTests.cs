using System.Text.Json;
using RftAspire.Engine.Constraints;
using RftAspire.Engine.Numerics;
using static RftAspire.Engine.Tests.Constraints.ConstraintBench;

namespace RftAspire.Engine.Tests.Constraints;

public sealed class TokenConstraintTests
{
    public static TheoryData<string> Names => SchemaCase.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Mask_RandomTokensUnderIt_GiveValidDocuments(string name)
    {
        var schema = SchemaCase.Find(name).Schema;
        var constraint = Constrain(schema);
        var drawn = Enumerable.Range(0, 25).Select(seed => constraint.Draw(RandomKey.FromSeed(seed), Mixed)).OfType<string>().ToList();
        Assert.True(drawn.Count >= 20, $"only {drawn.Count} of 25 came to an end");
        Assert.All(drawn, document => Assert.True(SchemaValidator.IsValid(schema, document), document));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Advance_AllowedDocuments_AreAcceptedHoweverTheyAreSplit(string name)
    {
        var (_, schema, allowed, _) = SchemaCase.Find(name);
        var constraint = Constrain(schema);
        foreach (var document in allowed)
        {
            Assert.True(SchemaValidator.IsValid(schema, document), document);
            Assert.True(Constrain(schema, Bytes).Accepts(document), document);
            foreach (var key in new RandomKey?[] { null, RandomKey.FromSeed(1), RandomKey.FromSeed(2), RandomKey.FromSeed(3) })
            {
                var state = constraint.Start;
                foreach (var token in Split(document, Mixed, key))
                {
                    Assert.True(constraint.Allows(state, token), $"{document}: '{Mixed.Decode([token])}'");
                    state = constraint.Advance(state, token);
                }
                Assert.True(state.IsComplete, document);
                Assert.True(constraint.Allows(state, End(Mixed)), document);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Advance_RefusedDocuments_AreRefusedAtTheByteThatIsWrong(string name)
    {
        var (_, schema, _, refused) = SchemaCase.Find(name);
        var constraint = Constrain(schema, Bytes);
        foreach (var document in refused)
        {
            var (good, rest) = (document[..document.IndexOf('¦', StringComparison.Ordinal)], document[(document.IndexOf('¦', StringComparison.Ordinal) + 1)..]);
            var (accepted, state) = constraint.Feed(good + rest);
            Assert.True(accepted == System.Text.Encoding.UTF8.GetByteCount(good), $"{document}: refused at byte {accepted}");
            var token = Split(rest, Bytes, null)[0];
            Assert.Contains("not allowed", Assert.Throws<ArgumentException>(() => constraint.Advance(state, token)).Message, StringComparison.Ordinal);
        }
    }

    /// <summary>The mask comes from a walk of the trie with shared parts; here each token is tried by itself.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Mask_OnRandomWalks_IsWhatAdvanceAccepts(string name)
    {
        var constraint = Constrain(SchemaCase.Find(name).Schema);
        for (var seed = 0; seed < 3; seed++)
        {
            var (state, key) = (constraint.Start, RandomKey.FromSeed(seed));
            for (var i = 0; i < 40; i++)
            {
                var allowed = constraint.Allowed(state);
                var text = allowed.Where(token => token != End(Mixed)).ToList();
                Assert.Equal(Enumerable.Range(0, constraint.VocabularySize).Where(token => TryAdvance(constraint, state, token)), allowed);
                if (text.Count == 0) break;
                state = constraint.Advance(state, text[key.Below(i, text.Count)]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Mask_EveryStateWithinReach_AllowsSomeToken(string name)
    {
        var constraint = Constrain(SchemaCase.Find(name).Schema, Bytes);
        var (known, open) = (new HashSet<ConstraintState> { constraint.Start }, new Queue<ConstraintState>([constraint.Start]));
        while (open.TryDequeue(out var state) && known.Count < 300)
        {
            var allowed = constraint.Allowed(state);
            Assert.NotEmpty(allowed);
            Assert.Equal(state.IsComplete, allowed.Contains(End(Bytes)));
            Assert.DoesNotContain(Bytes.TokenToId("<pad>")!.Value, allowed);
            foreach (var token in allowed)
                if (constraint.Advance(state, token) is var next && known.Add(next)) open.Enqueue(next);
        }
    }

    [Fact]
    public void Mask_OpeningOnly_StopsInTimeToCloseWithinTheDepth()
    {
        var constraint = Constrain("{}");
        var (state, text) = (constraint.Start, "");
        foreach (var symbol in Enumerable.Repeat("[", 200).Concat(Enumerable.Repeat("]", 200)))
            if (Mixed.TokenToId(symbol)!.Value is var token && constraint.Allows(state, token)) (state, text) = (constraint.Advance(state, token), text + symbol);
        Assert.True(state.IsComplete);
        Assert.Equal(JsonSchemaConstraint.MaxDepth + 1, text.Length / 2);
        JsonDocument.Parse(text).Dispose();
    }

    [Fact]
    public void Mask_RecursionThatNeedsRoomToEnd_EndsWithinTheDepth()
    {
        var schema = """{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{"leaf":{"type":"array","items":{"type":"array","items":{"type":"integer"},"minItems":1},"minItems":2},"next":{"$ref":"#/$defs/n"}},"required":["leaf"]}}}""";
        var constraint = Constrain(schema);
        List<string> pieces = [",", "\"", "[", "1"];
        var deeper = pieces.ConvertAll(piece => Mixed.TokenToId(piece)!.Value);
        var (state, text) = (constraint.Start, "");
        for (var i = 0; i < 5000 && !state.IsComplete; i++)
        {
            var allowed = constraint.Allowed(state);
            Assert.NotEmpty(allowed);
            var token = deeper.FirstOrDefault(allowed.Contains, allowed[0]);
            if (text.EndsWith("[1", StringComparison.Ordinal)) token = Mixed.TokenToId("]")!.Value;
            if (text.EndsWith("[[1],[1]", StringComparison.Ordinal)) token = Mixed.TokenToId("]")!.Value;
            if (!allowed.Contains(token)) token = allowed[0];
            (state, text) = (constraint.Advance(state, token), text + Mixed.Decode([token]));
        }
        Assert.True(SchemaValidator.IsValid(schema, text));
        Assert.True(text.Split("next").Length > 40);
    }

    [Fact]
    public void Mask_LittleMemory_IsTheSameAsWithPlenty()
    {
        var schema = JsonSchemaConstraint.Parse("{}");
        var small = new TokenConstraint(schema, Mixed, [End(Mixed)], null, capacity: 8_000);
        var large = Constrain(schema);
        for (var seed = 0; seed < 10; seed++)
        {
            var (a, b, key) = (small.Start, large.Start, RandomKey.FromSeed(seed));
            for (var i = 0; i < 60; i++)
            {
                Assert.True(small.Mask(a).SequenceEqual(large.Mask(b)));
                var allowed = large.Allowed(b);
                var token = allowed[key.Below(i, allowed.Count)];
                (a, b) = (small.Advance(a, token), large.Advance(b, token));
            }
        }
        Assert.True(small.States < large.States, $"{small.States} of {large.States} states remain");
    }

    [Fact]
    public void Mask_TooMuchWork_IsRefusedAndLeavesTheRestUsable()
    {
        var constraint = new TokenConstraint(JsonSchemaConstraint.Parse("{}"), Mixed, [End(Mixed)], null, capacity: 1 << 20, maxWork: 60);
        Assert.Contains("too many readings", Assert.Throws<SchemaException>(() => constraint.Mask(constraint.Start).Length).Message, StringComparison.Ordinal);
        Assert.True(constraint.Advance(constraint.Start, Mixed.TokenToId("12")!.Value).IsComplete);
    }

    [Fact]
    public void Draw_SeveralThreads_GiveWhatOneGives()
    {
        var schema = SchemaCase.Find("tree").Schema;
        string?[] Draws(TokenConstraint constraint, bool parallel) => parallel
            ? [.. Enumerable.Range(0, 24).AsParallel().AsOrdered().WithDegreeOfParallelism(4).Select(seed => constraint.Draw(RandomKey.FromSeed(seed), Mixed))]
            : [.. Enumerable.Range(0, 24).Select(seed => constraint.Draw(RandomKey.FromSeed(seed), Mixed))];
        Assert.Equal(Draws(Constrain(schema), parallel: false), Draws(Constrain(schema), parallel: true));
        var forgetful = new TokenConstraint(JsonSchemaConstraint.Parse(schema), Mixed, [End(Mixed)], null, capacity: 30_000);
        Assert.Equal(Draws(Constrain(schema), parallel: false), Draws(forgetful, parallel: true));
    }

    [Fact]
    public void MaskAndAdvance_KnownStates_DoNotAllocate()
    {
        var constraint = Constrain("{}");
        var tokens = Split("""{"name":["a",1,{"日本":null}],"b":-1.5e3}""", Mixed, null);
        for (var warm = 0; warm < 2; warm++) Run();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Run();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Run()
        {
            var state = constraint.Start;
            foreach (var token in tokens)
            {
                if ((constraint.Mask(state)[token >> 5] >> token & 1) == 0) throw new InvalidOperationException();
                state = constraint.Advance(state, token);
            }
        }
    }

    [Fact]
    public void Mask_LongBoundedStrings_IsOneObjectForAllMiddles()
    {
        var constraint = Constrain("""{"type":"string","minLength":100,"maxLength":100000}""");
        var x = Mixed.TokenToId("x")!.Value;
        var state = constraint.Advance(constraint.Start, Mixed.TokenToId("\"")!.Value);
        var masks = new List<uint[]>();
        for (var i = 0; i < 500; i++)
        {
            constraint.Mask(state);
            masks.Add(state.Mask!);
            state = constraint.Advance(state, x);
        }
        Assert.Same(masks[10], masks[50]);
        Assert.Same(masks[200], masks[499]);
        Assert.NotSame(masks[10], masks[200]);
    }

    [Fact]
    public void EndTokens_SeveralAndPaddedVocabulary_AreAllowedAtTheEndOnly()
    {
        var end = End(Mixed);
        var size = Mixed.VocabSize + 70;
        var constraint = new TokenConstraint(JsonSchemaConstraint.Parse("""{"const":1}"""), Mixed, [end, size - 1], size);
        Assert.Equal((size + 31) / 32, constraint.Mask(constraint.Start).Length);
        Assert.Equal([Mixed.TokenToId("1")!.Value], constraint.Allowed(constraint.Start));
        var done = constraint.Advance(constraint.Start, Mixed.TokenToId("1")!.Value);
        Assert.Equal([end, size - 1], constraint.Allowed(done));
        Assert.Equal([end, size - 1], constraint.Allowed(constraint.Advance(done, end)));
        Assert.Throws<ArgumentException>(() => constraint.Advance(constraint.Start, end));
        Assert.Throws<ArgumentException>(() => constraint.Advance(constraint.Start, Mixed.TokenToId("<pad>")!.Value));
        Assert.Throws<ArgumentException>(() => new TokenConstraint(JsonSchemaConstraint.AnyObject, Mixed, []));
        Assert.Throws<ArgumentException>(() => new TokenConstraint(JsonSchemaConstraint.AnyObject, Mixed, [size]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TokenConstraint(JsonSchemaConstraint.AnyObject, Mixed, [end], 10));
    }

    [Fact]
    public void AnyObject_OnlyObjects_OfAllKinds()
    {
        var constraint = Constrain(JsonSchemaConstraint.AnyObject, Bytes);
        Assert.True(constraint.Accepts("""{"a":[1,"\ud83d\ude00",{"b":{}}], "":null}"""));
        Assert.Equal([Bytes.TokenToId("{")!.Value], constraint.Allowed(constraint.Start));
    }

    [Fact]
    public void Get_SchemasUsedLately_AreCompiledOnce()
    {
        var cache = new TokenConstraintCache(Bytes, [End(Bytes)], capacity: 2);
        var first = cache.Get("true");
        Assert.Same(first, cache.Get("true"));
        Assert.Same(cache.Get(null), cache.Get(null));
        Assert.Same(first, cache.Get("true"));
        Assert.Throws<SchemaException>(() => cache.Get("1"));
        Assert.Same(first, cache.Get("true"));
        Assert.NotSame(first, cache.Get(" true"));
        Assert.Throws<SchemaException>(() => cache.Get("1"));
        Assert.NotSame(first, cache.Get("true"));
    }

    private static bool TryAdvance(TokenConstraint constraint, ConstraintState state, int token)
    {
        try
        {
            constraint.Advance(state, token);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
