using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace RftAspire.Embedded.Tests.Hosting;

public sealed class ProcessTests
{
    [Fact]
    public async Task Start_Executable_GetsArgumentsDirectoryAndVariables()
    {
        await using var test = new TestApplication("--Parameters:word=seven");
        var word = test.Builder.AddParameter("word");
        test.Shell("worker", """echo "$0 $1"; pwd; echo "$TEXT $WORD $MIXED $LATE" """)
            .WithArgs("first", word)
            .WithEnvironment("TEXT", "plain")
            .WithEnvironment("WORD", word)
            .WithEnvironment("MIXED", $"<{word}>")
            .WithEnvironment("LATE", () => "late");
        await test.StartAsync();
        Assert.Equal(["first seven", test.Folder, "plain seven <seven> late"], await test.OutputAsync("worker"));
    }

    [Fact]
    public async Task Start_EndpointWithVariable_GivesThePortToTheProcessAndToOthers()
    {
        await using var test = new TestApplication();
        var server = test.Shell("server", "echo $PORT").WithHttpEndpoint(env: "PORT");
        test.Shell("client", "echo $services__server__http__0 $SERVER_HTTP").WithReference(server.GetEndpoint("http"));
        await test.StartAsync();
        var url = $"http://localhost:{(await test.OutputAsync("server"))[0]}";
        Assert.Equal([$"{url} {url}"], await test.OutputAsync("client"));
    }

    [Fact]
    public async Task End_ByItself_IsFinishedWithExitCodeAndStaysEnded()
    {
        await using var test = new TestApplication();
        test.Shell("worker", "exit 3");
        await test.StartAsync();
        var end = await test.EndAsync("worker");
        Assert.Equal((KnownResourceStates.Finished, 3), (end.State!.Text, end.ExitCode!.Value));
    }

    [Fact]
    public async Task StartCommand_AfterEnd_RunsAgainWithFreshVariables()
    {
        await using var test = new TestApplication();
        var starts = 0;
        test.Shell("worker", "echo run $RUN").WithEnvironment("RUN", () => $"{++starts}");
        await test.StartAsync();
        await test.EndAsync("worker");
        Assert.True((await test.App.ResourceCommands.ExecuteCommandAsync("worker", "start")).Success);
        await test.LineAsync("worker", "run 2");
    }

    [Fact]
    public async Task StopCommand_ProcessThatCleansUp_MayDoSo()
    {
        await using var test = new TestApplication();
        test.Shell("worker", "trap 'echo cleaned; exit 0' TERM; echo ready; while :; do sleep 0.05; done");
        await test.StartAsync();
        await test.LineAsync("worker", "ready");
        Assert.True((await test.App.ResourceCommands.ExecuteCommandAsync("worker", "stop")).Success);
        Assert.Contains("cleaned", await test.OutputAsync("worker"));
        Assert.Equal(KnownResourceStates.Exited, (await test.EndAsync("worker")).State!.Text);
    }

    [Fact]
    public async Task StopCommand_ProcessThatIgnoresIt_IsKilledWithItsChildren()
    {
        await using var test = new TestApplication();
        test.Shell("worker", "trap '' TERM; sleep 1000 & echo ready; wait");
        await test.StartAsync();
        await test.LineAsync("worker", "ready");
        var descendants = ProcessTable.DescendantsOf(Environment.ProcessId).Where(entry => entry.Name == "sleep").ToArray();
        await test.App.ResourceCommands.ExecuteCommandAsync("worker", "stop");
        Assert.Equal(137, (await test.EndAsync("worker")).ExitCode);
        Assert.Empty(await ProcessTable.AliveAfterAsync([.. descendants.Where(entry => OfGroup(test, entry))], TimeSpan.FromSeconds(2)));
    }

    [Fact]
    public async Task Start_UnknownProgram_FailsWithItsName()
    {
        await using var test = new TestApplication();
        test.Builder.AddExecutable("worker", "no-such-program", test.Folder);
        await test.StartAsync();
        Assert.Equal(KnownResourceStates.FailedToStart, (await test.EndAsync("worker")).State!.Text);
        Assert.Contains(await test.OutputAsync("worker"), line => line.Contains("'no-such-program'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_LogDirectory_GetsTheConsoleWithoutColours()
    {
        await using var test = new TestApplication();
        test.Builder.Configuration["Hosting:LogDirectory"] = Path.Combine(test.Folder, "logs");
        test.Shell("worker", @"printf '\033[31mred\033[0m\n'");
        await test.StartAsync();
        await test.EndAsync("worker");
        Assert.Equal(["red"], await File.ReadAllLinesAsync(Path.Combine(test.Folder, "logs", "worker.log")));
    }

    [Fact]
    public async Task WaitForCompletion_OtherEndsWell_StartsAfterIt()
    {
        await using var test = new TestApplication();
        var file = Path.Combine(test.Folder, "made");
        var first = test.Shell("first", $"sleep 0.3; touch {file}");
        test.Shell("second", $"test -e {file} && echo found").WaitForCompletion(first);
        await test.StartAsync();
        Assert.Equal(["found"], await test.OutputAsync("second"));
    }

    [Fact]
    public async Task WaitForCompletion_OtherFails_FailsToo()
    {
        await using var test = new TestApplication();
        var first = test.Shell("first", "exit 4");
        test.Shell("second", "true").WaitForCompletion(first);
        await test.StartAsync();
        Assert.Equal(KnownResourceStates.FailedToStart, (await test.EndAsync("second")).State!.Text);
    }

    [Fact]
    public async Task WithExplicitStart_UntilCommand_StaysNotStarted()
    {
        await using var test = new TestApplication();
        test.Shell("worker", "echo went").WithExplicitStart();
        test.Shell("other", "true");
        await test.StartAsync();
        await test.EndAsync("other");
        Assert.True(test.Notifications.TryGetCurrentState("worker", out var before));
        Assert.Equal(KnownResourceStates.NotStarted, before.Snapshot.State!.Text);
        await test.App.ResourceCommands.ExecuteCommandAsync("worker", "start");
        Assert.Equal(["went"], await test.OutputAsync("worker"));
    }

    [Fact]
    public async Task StopCommand_WhileWaiting_EndsTheWait()
    {
        await using var test = new TestApplication();
        var never = test.Shell("never", "true").WithExplicitStart();
        test.Shell("worker", "true").WaitFor(never);
        await test.StartAsync();
        await test.StateAsync("worker", KnownResourceStates.Waiting);
        await test.App.ResourceCommands.ExecuteCommandAsync("worker", "stop");
        await test.StateAsync("worker", KnownResourceStates.NotStarted);
    }

    [Fact]
    public async Task Dispose_RunningProcesses_LeavesNone()
    {
        var test = new TestApplication();
        test.Shell("worker", $"cd {test.Folder}; sleep 1000 & sleep 1000 & echo ready; wait");
        await test.StartAsync();
        await test.LineAsync("worker", "ready");
        var mine = ProcessTable.DescendantsOf(Environment.ProcessId).Where(entry => OfGroup(test, entry)).ToArray();
        await test.DisposeAsync();
        Assert.True(mine.Length >= 3);
        Assert.Empty(await ProcessTable.AliveAfterAsync(mine, TimeSpan.FromSeconds(2)));
    }

    // Tests run side by side; the working directory tells whose a process is.
    private static bool OfGroup(TestApplication test, ProcessTable.Entry entry) =>
        new FileInfo($"/proc/{entry.Id}/cwd").LinkTarget == test.Folder;
}
