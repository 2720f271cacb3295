using System.Text;
using System.Text.Json;
using RftAspire.Contracts.Messages;
using RftAspire.Engine;

namespace RftAspire.Services.Tests.Sampling.Chat;

public sealed class CompletePromptConsumerTests : IDisposable
{
    private readonly WorkerUnderTest _worker = new();
    private readonly LanguageModel _model = LanguageModel.Load(WorkerUnderTest.Folder, threads: 1);

    public void Dispose()
    {
        _worker.Dispose();
        _model.Dispose();
    }

    [Fact]
    public async Task Consume_Command_TellsWhatTheEngineDrawsAlone()
    {
        var command = _worker.Command("a");
        var expected = WorkerUnderTest.Expected(_model, command);

        await _worker.PublishAsync(command);
        await _worker.PublishAsync(command with { RequestId = "b" });
        var answers = await Task.WhenAll(_worker.AnswerAsync("a", 2), _worker.AnswerAsync("b", 2));

        foreach (var answer in answers)
        {
            Assert.Equal(expected.Select(choice => _model.Encoder!.Decode(choice.Tokens)), answer.Texts);
            Assert.Equal(expected.Select(choice => choice.Tokens.Length), answer.Counts);
            Assert.Equal(expected.Select(choice => (FinishReason?)(choice.Stopped ? FinishReason.Stop : FinishReason.Length)), answer.Ends);
            Assert.Equal(WorkerUnderTest.Prompt(_model, command).Length, answer.PromptTokens);
        }
    }

    [Fact]
    public async Task Consume_Logprobs_AreTheModelsAtTemperatureOne()
    {
        var command = _worker.Command("a") with { TopLogprobs = 3, Choices = 1 };
        var drawn = WorkerUnderTest.Expected(_model, command)[0];
        var prompt = WorkerUnderTest.Prompt(_model, command);
        var expected = _model.Score([.. prompt, .. drawn.Tokens])[(prompt.Length - 1)..];

        await _worker.PublishAsync(command);
        var answer = await _worker.AnswerAsync("a", 1);

        // The end token is drawn, but no part of the text.
        var shown = drawn.Stopped ? drawn.Tokens.Length - 1 : drawn.Tokens.Length;
        var scored = answer.Scored.Single();
        Assert.Equal(expected[..shown], scored.Select(token => token.Logprob));
        Assert.Equal(answer.Texts.Single(), Encoding.UTF8.GetString([.. scored.SelectMany(token => token.Bytes)]));
        Assert.All(scored, token => Assert.Equal(3, token.Top.Length));
        Assert.All(scored, token => Assert.Equal(token.Top.Select(top => top.Logprob).OrderDescending(), token.Top.Select(top => top.Logprob)));
    }

    [Fact]
    public async Task Consume_StopText_EndsTheChoiceBeforeIt()
    {
        var command = _worker.Command("a") with { Choices = 1, Temperature = 0 };
        var whole = _model.Encoder!.Decode(WorkerUnderTest.Expected(_model, command)[0].Tokens);
        var stop = whole.Substring(whole.Length / 2, 5);

        await _worker.PublishAsync(command with { Stop = ["\u0001", stop] });
        var answer = await _worker.AnswerAsync("a", 1);

        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], answer.Texts.Single());
        Assert.Equal(FinishReason.Stop, answer.Ends.Single());
    }

    [Fact]
    public async Task Consume_Schema_AnswerIsJsonOfThatForm()
    {
        const string schema = """{"type":"object","properties":{"domain":{"enum":["trade","energy"]},"year":{"type":"integer","minimum":1950,"maximum":2030}},"required":["domain","year"],"additionalProperties":false}""";
        await _worker.PublishAsync(_worker.Command("a") with { Json = new JsonAnswer(schema), Choices = 4, MaxCompletionTokens = 80, Temperature = 1.5 });
        var answer = await _worker.AnswerAsync("a", 4);

        Assert.All(answer.Ends, end => Assert.Equal(FinishReason.Stop, end));
        foreach (var text in answer.Texts)
        {
            using var json = JsonDocument.Parse(text);
            Assert.True(json.RootElement.GetProperty("domain").GetString() is "trade" or "energy");
            Assert.InRange(json.RootElement.GetProperty("year").GetInt32(), 1950, 2030);
            Assert.Equal(2, json.RootElement.EnumerateObject().Count());
        }
    }

    [Fact]
    public async Task Consume_LengthLeftOpen_GoesOnToTheEndOfTheContextAtMost()
    {
        await _worker.PublishAsync(_worker.Command("a") with { MaxCompletionTokens = null, Choices = 1, Messages = null, Prompt = "a b c" });
        var answer = await _worker.AnswerAsync("a", 1);
        Assert.InRange(answer.Counts.Single() + answer.PromptTokens, 2, 512);
        Assert.True(answer.Ends.Single() == FinishReason.Stop || answer.Counts.Single() + answer.PromptTokens == 512);
    }

    public static TheoryData<string, string[]> Misfits() => new()
    {
        { "long", ["context_length", "512", "510"] },
        { "schema", ["response_format_json", "minLength"] },
        { "cache", ["max_completion_tokens", "the cache has 1 MiB"] },
        { "folder", ["", "eurovoc-base-5m", "nowhere"] },
    };

    [Theory, MemberData(nameof(Misfits))]
    public async Task Consume_WhatTheModelCannotTake_SaysWhy(string what, string[] words)
    {
        using var small = new WorkerUnderTest(("Sampling:ChatCacheMiB", "1"));
        var command = small.Command("a");
        await small.PublishAsync(what switch
        {
            "long" => command with { MaxCompletionTokens = 510 },
            "schema" => command with { Json = new JsonAnswer("""{"type":"string","minLength":-1}""") },
            "cache" => command with { Choices = 100, MaxCompletionTokens = 200 },
            _ => command with { Weights = new WeightsReference(0, "nowhere", "") },
        });
        var error = (await small.AnswerAsync("a", 100)).Error!;
        Assert.Equal(words[0], error.Field);
        Assert.All(words[1..], word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Consume_CommandComesAgain_IsToldFromTheStart()
    {
        // So long that it is told in many parts.
        var command = _worker.Command("a") with { MaxCompletionTokens = 400, Choices = 8, Json = new JsonAnswer("""{"type":"string","minLength":600}""") };
        await _worker.PublishAsync(command);
        while ((await _worker.NextAsync("a")).Choices.All(part => part.Offset == 0))
        {
        }
        await _worker.PublishAsync(command);
        // It did not begin again: it is the one that is at work, whose tokens so far come at once.
        CompletionChunk again;
        do again = await _worker.NextAsync("a");
        while (!again.Choices.Any(part => part.Offset == 0));
        Assert.Contains(again.Choices, part => part.Tokens.Length > 1);
        await _worker.PublishAsync(new CancelCompletion("a"));
    }

    [Fact]
    public async Task Consume_LongerThanTheHoldLimit_LetsTheMessageGoAndTheWorkOn()
    {
        using var worker = new WorkerUnderTest(("Sampling:HoldLimit", "00:00:00.001"));
        var command = worker.Command("a") with { Choices = 1, MaxCompletionTokens = 200, Temperature = 1.5, TopP = 1 };
        await worker.PublishAsync(command);
        Assert.True(await worker.Harness.Consumed.Any<CompletePrompt>(consumed => consumed.Exception is null));
        var answer = await worker.AnswerAsync("a", 1);
        Assert.Equal(_model.Encoder!.Decode(WorkerUnderTest.Expected(_model, command)[0].Tokens), answer.Texts.Single());
    }

    [Fact]
    public async Task Consume_Cancelled_LeavesTheWorkerFree()
    {
        using var worker = new WorkerUnderTest(("Sampling:ChatRows", "4"));
        // One that would take every row for minutes, and one that was cancelled before it came.
        var command = worker.Command("long") with { Choices = 64, MaxCompletionTokens = 480, Temperature = 2, TopP = 1 };
        await worker.PublishAsync(new CancelCompletion("never"));
        await worker.PublishAsync(command);
        while ((await worker.NextAsync("long")).Choices.Length == 0)
        {
        }
        await worker.PublishAsync(worker.Command("next"));
        await worker.PublishAsync(new CancelCompletion("long"));

        var answer = await worker.AnswerAsync("next", 2);
        Assert.Equal(WorkerUnderTest.Expected(_model, worker.Command("next")).Select(choice => _model.Encoder!.Decode(choice.Tokens)), answer.Texts);
        Assert.True(await worker.Harness.Consumed.Any<CompletePrompt>(consumed => consumed.Context.Message.RequestId == "long" && consumed.Exception is null));
        await worker.PublishAsync(worker.Command("never"));
        Assert.True(await worker.Harness.Consumed.Any<CompletePrompt>(consumed => consumed.Context.Message.RequestId == "never"));
        Assert.False(worker.HasNews("never"));
    }
}
