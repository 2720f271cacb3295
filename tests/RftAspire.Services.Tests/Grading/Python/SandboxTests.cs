using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using RftAspire.Grading.Python;

namespace RftAspire.Services.Tests.Grading.Python;

/// <summary>What holds in every sandbox.</summary>
public abstract class SandboxTests(SandboxBackend backend)
{
    private const string Good = "def grade(sample, item):\n    return item['i'] / 7\n";

    public static TheoryData<string> QuickNames => new(HostileGrader.Quick.Keys);

    public static TheoryData<string> EndlessNames => new(HostileGrader.Endless.Keys);

    private protected async Task ProbeHoldsAsync()
    {
        await using var test = new SandboxUnderTest(backend);
        var probe = await test.Sandbox.ProbeAsync();

        Assert.Equal((backend, null), (probe.Backend, probe.Fault));
        Assert.Empty(SandboxLayers.Required.Except(probe.Layers));
        if (RuntimeInformation.OSArchitecture.ToString() is "X64" or "Arm64") Assert.Contains(SandboxLayers.SystemCalls, probe.Layers);
    }

    private protected async Task QuickFailsAsync(string name)
    {
        await using var test = new SandboxUnderTest(backend);
        await FailsAndRecoversAsync(test, HostileGrader.Quick[name]);
    }

    private protected async Task EndlessFailsAsync(string name)
    {
        await using var test = new SandboxUnderTest(backend, options => options.Deadline = TimeSpan.FromSeconds(2));
        await test.Sandbox.ProbeAsync();
        var started = Stopwatch.GetTimestamp();
        await FailsAndRecoversAsync(test, HostileGrader.Endless[name]);
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 2, 20);
    }

    // Two sources in turn, so that workers come and go, and calls that end badly between those that must not notice.
    private protected async Task GoodCallsAreExactAsync()
    {
        await using var test = new SandboxUnderTest(backend);
        string[] hostile = ["fork bomb", "memory bomb", "10 GB of output", "scribbled channel", "wild pointer"];
        await Task.WhenAll(hostile.Select(name => FailsAsync(test, HostileGrader.Quick[name])).Concat(Enumerable.Range(0, 20).Select(i => ExactAsync(test, i))));

        await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => ExactAsync(test, i)));
        Assert.Equal(2, test.Sandbox.FreeSlots);
        Assert.Equal(2, test.Sandbox.IdleProcesses.Count);
    }

    private protected async Task NothingOutsideIsSeenAsync()
    {
        await using var test = new SandboxUnderTest(backend);
        using var folder = new Cli.ScratchFolder();
        var secrets = Path.Combine(folder.Path, "secrets.json");
        await File.WriteAllTextAsync(secrets, "{\"messaging\":\"hush\"}");

        var read = await test.GradeAsync("def grade(sample, item):\n    return len(open(item['path']).read())\n", item: $$"""{"path":"{{secrets}}"}""");
        Assert.Contains("FileNotFoundError", Failed(PythonFaults.Exception, read), StringComparison.Ordinal);
        var written = await test.GradeAsync("def grade(sample, item):\n    open(item['path'], 'w')\n", item: $$"""{"path":"{{folder.Path}}/planted"}""");
        Failed(PythonFaults.Exception, written);
        Assert.Equal([secrets], Directory.EnumerateFiles(folder.Path));

        var names = await test.GradeAsync("import os\ndef grade(sample, item):\n    raise ValueError(sorted(os.environ), sorted(os.listdir('/')), os.listdir('.'))\n");
        Assert.Contains("LC_CTYPE", Failed(PythonFaults.Exception, names), StringComparison.Ordinal);
        foreach (var known in (string[])["PATH", "HOME", "DOTNET", "'root'", "'home'", "'var'", "work"])
            Assert.DoesNotContain(known, Failed(PythonFaults.Exception, names), StringComparison.Ordinal);
    }

    private protected async Task GradersShareNothingAsync()
    {
        await using var test = new SandboxUnderTest(backend);
        var first = await test.GradeAsync("def grade(sample, item):\n    open('/tmp/secret', 'w').write('x')\n    return 1\n");
        Assert.Equal(new PythonOutcome.Reward(1), first);
        var second = await test.GradeAsync("import os\ndef grade(sample, item):\n    return len(os.listdir('/tmp'))\n");
        Assert.Equal(new PythonOutcome.Reward(0), second);
        Assert.Equal(2, test.Sandbox.IdleProcesses.Count);
    }

    private protected async Task DisposeEndsCallsAsync()
    {
        await using var test = new SandboxUnderTest(backend);
        var daemon = "import os, time\ndef grade(sample, item):\n    if os.fork() == 0: os.setsid()\n    time.sleep(1000)\n";
        var call = test.GradeAsync(daemon);
        await SandboxUnderTest.UntilAsync(() => test.Processes.Count == 3); // The launcher, the worker and its child.

        await test.Sandbox.DisposeAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Empty(test.Processes);
    }

    // A shell stands for the service; killed, it can tell nobody anything. The channel stays open in this process.
    private protected async Task DeathOfTheServiceEndsWorkersAsync()
    {
        await using var test = new SandboxUnderTest(backend);
        var command = SandboxCommand.For(backend, test.Options);
        var start = command.StartInfo();
        start.FileName = "/bin/sh";
        start.ArgumentList.Clear();
        foreach (var argument in (string[])["-c", "exec 3<&0; \"$@\" <&3 3<&- & wait", "sh", command.Program, .. command.Arguments]) start.ArgumentList.Add(argument);
        using var shell = Process.Start(start)!;
        var channel = new FrameChannel(shell.StandardInput.BaseStream, shell.StandardOutput.BaseStream);
        await channel.ReceiveAsync(CancellationToken.None);
        await channel.SendAsync("""{"source":"import time\ntime.sleep(1000)"}"""u8.ToArray(), CancellationToken.None);
        Assert.NotEmpty(test.Processes);

        shell.Kill();
        await SandboxUnderTest.UntilAsync(() => test.Processes.Count == 0);
    }

    private static async Task FailsAndRecoversAsync(SandboxUnderTest test, HostileGrader hostile)
    {
        await FailsAsync(test, hostile);

        Assert.Equal(2, test.Sandbox.FreeSlots);
        // None but the workers that may serve again, each with its launcher.
        Assert.Equal(2 * test.Sandbox.IdleProcesses.Count, test.Processes.Count);
    }

    private static async Task FailsAsync(SandboxUnderTest test, HostileGrader hostile)
    {
        var message = Failed(hostile.Kind, await test.GradeAsync(hostile.Source));
        Assert.Contains(hostile.Names, message, StringComparison.Ordinal);
        Assert.InRange(message.Length, 1, 2500);
    }

    private static async Task ExactAsync(SandboxUnderTest test, int i) =>
        Assert.Equal(new PythonOutcome.Reward(i / 7.0), await test.GradeAsync(Good, item: string.Create(CultureInfo.InvariantCulture, $$"""{"i":{{i}}}""")));

    private static string Failed(string kind, PythonOutcome outcome)
    {
        var failed = Assert.IsType<PythonOutcome.Failed>(outcome);
        Assert.True(kind == failed.Kind, $"{kind} expected: {failed}");
        return failed.Message;
    }
}

public sealed class BubblewrapTests() : SandboxTests(SandboxBackend.Bubblewrap)
{
    [SandboxFact(SandboxBackend.Bubblewrap)]
    public Task Probe_Program_HasEveryRequiredLayer() => ProbeHoldsAsync();

    [SandboxTheory(SandboxBackend.Bubblewrap), MemberData(nameof(QuickNames))]
    public Task Grade_Hostile_FailsWithItsKind(string name) => QuickFailsAsync(name);

    [SandboxTheory(SandboxBackend.Bubblewrap), MemberData(nameof(EndlessNames))]
    public Task Grade_Endless_FailsAtTheDeadline(string name) => EndlessFailsAsync(name);

    [SandboxFact(SandboxBackend.Bubblewrap)]
    public Task Grade_AmongHostileCalls_IsExact() => GoodCallsAreExactAsync();

    [SandboxFact(SandboxBackend.Bubblewrap)]
    public Task Grade_FilesAndEnvironmentOfTheService_AreNotThere() => NothingOutsideIsSeenAsync();

    [SandboxFact(SandboxBackend.Bubblewrap)]
    public Task Grade_TwoSources_ShareNothing() => GradersShareNothingAsync();

    [SandboxFact(SandboxBackend.Bubblewrap)]
    public Task Dispose_CallUnderWay_LeavesNoProcess() => DisposeEndsCallsAsync();

    [SandboxFact(SandboxBackend.Bubblewrap)]
    public Task Worker_ServiceKilled_DiesToo() => DeathOfTheServiceEndsWorkersAsync();
}

public sealed class NamespacesTests() : SandboxTests(SandboxBackend.Namespaces)
{
    [SandboxFact(SandboxBackend.Namespaces)]
    public Task Probe_Program_HasEveryRequiredLayer() => ProbeHoldsAsync();

    [SandboxTheory(SandboxBackend.Namespaces), MemberData(nameof(QuickNames))]
    public Task Grade_Hostile_FailsWithItsKind(string name) => QuickFailsAsync(name);

    [SandboxTheory(SandboxBackend.Namespaces), MemberData(nameof(EndlessNames))]
    public Task Grade_Endless_FailsAtTheDeadline(string name) => EndlessFailsAsync(name);

    [SandboxFact(SandboxBackend.Namespaces)]
    public Task Grade_AmongHostileCalls_IsExact() => GoodCallsAreExactAsync();

    [SandboxFact(SandboxBackend.Namespaces)]
    public Task Grade_FilesAndEnvironmentOfTheService_AreNotThere() => NothingOutsideIsSeenAsync();

    [SandboxFact(SandboxBackend.Namespaces)]
    public Task Grade_TwoSources_ShareNothing() => GradersShareNothingAsync();

    [SandboxFact(SandboxBackend.Namespaces)]
    public Task Dispose_CallUnderWay_LeavesNoProcess() => DisposeEndsCallsAsync();

    [SandboxFact(SandboxBackend.Namespaces)]
    public Task Worker_ServiceKilled_DiesToo() => DeathOfTheServiceEndsWorkersAsync();
}
