using RftAspire.Cli;

namespace RftAspire.Services.Tests.Cli;

public sealed class ChatCommandTests
{
    private static readonly string[] s_chat = ["chat", "--model", "tiny"];

    [Fact]
    public async Task Chat_Message_IsAnsweredOnce()
    {
        await using var platform = await FakePlatform.StartAsync();

        Assert.Equal(new CliRun(ExitCode.Ok, $"hello 2{Environment.NewLine}", ""), await platform.RunAsync([.. s_chat, "--system", "be brief", "hello"]));
        var json = (await platform.RunAsync([.. s_chat, "hello", "--json"])).Json;
        Assert.Equal(("hello 1", "stop", 3, 2), (json.GetProperty("text").GetString(), json.GetProperty("finish_reason").GetString(), json.GetProperty("prompt_tokens").GetInt32(), json.GetProperty("completion_tokens").GetInt32()));
    }

    [Fact]
    public async Task Chat_Lines_AreOneConversation()
    {
        await using var platform = await FakePlatform.StartAsync();

        var run = await CliRun.OfAsync(["--server", platform.Server, .. s_chat], new StringReader("one\n\ntwo\n"), null);

        Assert.Equal(["one 1", "two 3", ""], run.Out.Split(Environment.NewLine));
    }

    [Fact]
    public async Task Chat_CtrlCInTheMidstOfAnAnswer_EndsItsLine()
    {
        await using var platform = await FakePlatform.StartAsync();
        using var interrupt = new CancellationTokenSource();
        var running = CliRun.OfAsync(["--server", platform.Server, .. s_chat, "for ever"], null, interrupt.Token);
        await platform.Chat.Answering.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await interrupt.CancelAsync();

        var run = await running.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal((ExitCode.Interrupted, "rft: interrupted"), (run.Code, run.Error.Trim()));
        Assert.True(run.Out is "" || run.Out.EndsWith(Environment.NewLine, StringComparison.Ordinal), run.Out);
    }

    [Fact]
    public async Task Chat_CtrlCWhileNothingIsSaid_EndsAtOnce()
    {
        await using var platform = await FakePlatform.StartAsync();
        using var interrupt = new CancellationTokenSource();
        using var input = new Silent();
        var running = CliRun.OfAsync(["--server", platform.Server, .. s_chat], input, null, interrupt.Token);
        await input.Asked.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await interrupt.CancelAsync();

        Assert.Equal(ExitCode.Interrupted, (await running.WaitAsync(TimeSpan.FromSeconds(8))).Code);
    }

    /// <summary>A terminal at which nobody types.</summary>
    private sealed class Silent : TextReader
    {
        private readonly ManualResetEventSlim _gone = new();

        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override string? ReadLine()
        {
            Asked.TrySetResult();
            _gone.Wait();
            return null;
        }

        protected override void Dispose(bool disposing)
        {
            _gone.Set();
            base.Dispose(disposing);
        }
    }
}
