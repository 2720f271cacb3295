using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using RftAspire.Jobs.Chat;

namespace RftAspire.Services.Tests.Jobs.Chat;

public sealed class CompletionFeedTests
{
    private const string Text = "abcdefghij";

    [Fact]
    public async Task Accept_AnyOrderAndTwiceInOtherParts_GivesEveryTokenOnce()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            // Two workers tell the same two choices, each in parts of its own.
            var chunks = Enumerable.Range(0, 2).SelectMany(_ => Enumerable.Range(0, 2).SelectMany(choice => Parts(random, choice))).ToArray();
            random.Shuffle(chunks);
            var feed = new CompletionFeed(2);
            foreach (var chunk in chunks) feed.Accept(chunk);

            var deltas = await feed.Deltas.ReadAllAsync().ToListAsync();
            foreach (var choice in new[] { 0, 1 })
            {
                var own = deltas.Where(delta => delta.Index == choice).ToList();
                Assert.Equal(Text, string.Concat(own.Select(delta => delta.Text)));
                Assert.Equal(["length"], own.Select(delta => delta.FinishReason).Where(reason => reason.Length > 0));
                Assert.Equal("length", own[^1].FinishReason);
            }
            Assert.Equal((7, 2 * Text.Length), (feed.Usage.PromptTokens, feed.Usage.CompletionTokens));
        }
    }

    [Fact]
    public void Accept_SomethingMissing_IsSilent()
    {
        var feed = new CompletionFeed(1);
        Assert.False(feed.IsSilent(TimeSpan.Zero));
        feed.Accept(Chunk(0, 0, "ab"));
        Assert.True(feed.HasBeenHeard);
        Assert.True(feed.IsSilent(TimeSpan.Zero));
        Assert.False(feed.IsSilent(TimeSpan.FromMinutes(1)));
    }

    [Theory]
    [InlineData("context_length", StatusCode.InvalidArgument)]
    [InlineData("", StatusCode.Unavailable)]
    public async Task Accept_Error_EndsTheFeedWithIt(string field, StatusCode code)
    {
        var feed = new CompletionFeed(1);
        feed.Accept(Chunk(0, 0, "ab"));
        feed.Accept(new CompletionChunk { RequestId = "r", PromptTokens = 7, Error = new CompletionError(field, "why") });

        var deltas = new List<CompletionDelta>();
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await feed.Deltas.WaitToReadAsync()) deltas.Add(await feed.Deltas.ReadAsync());
        });

        Assert.Equal("ab", Assert.Single(deltas).Text);
        Assert.Equal(code, error.StatusCode);
        Assert.Contains("why", error.Status.Detail, StringComparison.Ordinal);
    }

    private static IEnumerable<CompletionChunk> Parts(Random random, int choice)
    {
        for (var at = 0; at < Text.Length;)
        {
            var count = Math.Min(1 + random.Next(4), Text.Length - at);
            yield return Chunk(choice, at, Text.Substring(at, count), at + count == Text.Length ? FinishReason.Length : null);
            at += count;
        }
    }

    private static CompletionChunk Chunk(int choice, int offset, string text, FinishReason? finish = null) => new()
    {
        RequestId = "r",
        PromptTokens = 7,
        Choices = [new ChoiceTokens { Index = choice, Offset = offset, Tokens = [.. text.Select(letter => new CompletionToken(letter.ToString()))], Finish = finish }],
    };
}
