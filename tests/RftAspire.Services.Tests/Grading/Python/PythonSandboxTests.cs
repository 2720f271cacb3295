using RftAspire.Grading.Python;

namespace RftAspire.Services.Tests.Grading.Python;

/// <summary>What a sandbox does with sources and settings, whichever holds on this machine.</summary>
public sealed class PythonSandboxTests
{
    private const string Count = "calls = 0\ndef grade(sample, item):\n    global calls\n    calls += 1\n    return calls\n";

    [SandboxTheory(SandboxBackend.Namespaces)]
    [InlineData("def grade(sample, item) return 1", "SyntaxError")]
    [InlineData("x = 1", "no function grade")]
    [InlineData("grade = 1", "no function grade")]
    [InlineData("def grade(sample): return 1", "TypeError")]
    [InlineData("def grade(sample, item, extra=None): return 1", "grade has 3 parameters")]
    [InlineData("import no_such_package\ndef grade(sample, item): return 1", "ModuleNotFoundError")]
    [InlineData("raise SystemExit", "SystemExit")]
    [InlineData("\0", "null bytes")]
    public async Task Validate_UnusableSource_SaysWhy(string source, string why)
    {
        await using var test = new SandboxUnderTest(null);
        var failed = await test.Sandbox.ValidateAsync(source, CancellationToken.None);

        Assert.Equal(PythonFaults.Source, failed?.Kind);
        Assert.Contains(why, failed!.Message, StringComparison.Ordinal);
        Assert.Empty(test.Processes);
    }

    [SandboxFact(SandboxBackend.Namespaces)]
    public async Task Validate_UsableSource_KeepsItsWorkerForTheFirstCall()
    {
        await using var test = new SandboxUnderTest(null);
        Assert.Null(await test.Sandbox.ValidateAsync(Count, CancellationToken.None));
        var worker = test.Sandbox.IdleProcesses;

        Assert.Equal(new PythonOutcome.Reward(1), await test.GradeAsync(Count));
        Assert.Equal(worker, test.Sandbox.IdleProcesses);
    }

    [SandboxFact(SandboxBackend.Namespaces)]
    public async Task Grade_SampleAndItem_AreWhatJsonSays()
    {
        await using var test = new SandboxUnderTest(null);
        var source = """
            def grade(sample, item):
                assert sample == {"output_text": "é\n😀", "output_json": {"a": [1, 2.5, True, None]}, "output_tools": []}, sample
                return item["big"] - 2**53 + len(item["text"])
            """;

        var outcome = await test.GradeAsync(source, """{"output_text":"é\n😀","output_json":{"a":[1,2.5,true,null]},"output_tools":[]}""", """{"big":9007199254740993,"text":"ab"}""");

        Assert.Equal(new PythonOutcome.Reward(3), outcome);
    }

    [SandboxTheory(SandboxBackend.Namespaces)]
    [InlineData("True", 1)]
    [InlineData("-3", -3)]
    [InlineData("0.1 + 0.2", 0.1 + 0.2)]
    [InlineData("5e-324", 5e-324)]
    [InlineData("len(str({'a', 'b', 'c'}))", 15)]
    public async Task Grade_Number_IsTheReward(string returned, double reward)
    {
        await using var test = new SandboxUnderTest(null);
        Assert.Equal(new PythonOutcome.Reward(reward), await test.GradeAsync($"def grade(sample, item):\n    return {returned}\n"));
    }

    [SandboxFact(SandboxBackend.Namespaces)]
    public async Task Grade_SetsInTwoWorkers_HaveOneOrder()
    {
        await using var test = new SandboxUnderTest(null, options => options.CallsPerWorker = 1);
        const string source = "def grade(sample, item):\n    return hash('reward')\n";

        Assert.Equal(await test.GradeAsync(source), await test.GradeAsync(source));
        Assert.Empty(test.Sandbox.IdleProcesses);
    }

    [SandboxFact(SandboxBackend.Namespaces)]
    public async Task Grade_ExceptionInTheGrader_ShowsItsLines()
    {
        await using var test = new SandboxUnderTest(null);
        var failed = Assert.IsType<PythonOutcome.Failed>(await test.GradeAsync("def ratio(a, b):\n    return a / b\n\ndef grade(sample, item):\n    return ratio(1, 0)\n"));

        Assert.Equal(PythonFaults.Exception, failed.Kind);
        Assert.StartsWith("ZeroDivisionError: ", failed.Message, StringComparison.Ordinal);
        Assert.Contains("line 2, in ratio\n    return a / b", failed.Message, StringComparison.Ordinal);
    }

    [SandboxFact(SandboxBackend.Namespaces)]
    public async Task Grade_CallsBeyondAWorkersLife_ReplaceIt()
    {
        await using var test = new SandboxUnderTest(null, options => options.CallsPerWorker = 2);

        Assert.Equal([1, 2, 1], new[] { await test.GradeAsync(Count), await test.GradeAsync(Count), await test.GradeAsync(Count) }.Cast<PythonOutcome.Reward>().Select(reward => reward.Value));
    }

    [SandboxFact(SandboxBackend.Namespaces)]
    public async Task Grade_MoreSourcesThanIdleWorkers_EndsTheLongestUnused()
    {
        await using var test = new SandboxUnderTest(null, options => options.IdleWorkers = 1);
        foreach (var source in (string[])[Count, Count + "#", Count]) Assert.Equal(new PythonOutcome.Reward(1), await test.GradeAsync(source));

        Assert.Single(test.Sandbox.IdleProcesses);
        Assert.Equal(2, test.Processes.Count);
    }

    [SandboxFact(SandboxBackend.Namespaces)]
    public async Task Grade_IdleWorker_EndsAfterItsTime()
    {
        await using var test = new SandboxUnderTest(null, options => options.IdleLifetime = TimeSpan.FromMilliseconds(50));
        await test.GradeAsync(Count);

        await SandboxUnderTest.UntilAsync(() => test.Processes.Count == 0);
    }

    [SandboxFact(SandboxBackend.Namespaces)]
    public async Task Grade_Cancelled_EndsTheWorker()
    {
        await using var test = new SandboxUnderTest(null);
        using var caller = new CancellationTokenSource();
        var call = test.Sandbox.GradeAsync("import time\ndef grade(sample, item):\n    time.sleep(1000)\n", "{\"sample\":{},\"item\":{}}"u8.ToArray(), caller.Token);
        await SandboxUnderTest.UntilAsync(() => test.Processes.Count == 2);
        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Empty(test.Processes);
    }

    [Fact]
    public async Task Grade_NoSandboxHolds_RunsNothing()
    {
        await using var test = new SandboxUnderTest(null, options => options.Interpreter = "/usr/bin/no-such-python");
        var failed = Assert.IsType<PythonOutcome.Failed>(await test.GradeAsync(Count));

        Assert.Equal(PythonFaults.SandboxUnavailable, failed.Kind);
        Assert.Contains("no-such-python", failed.Message, StringComparison.Ordinal);
        Assert.Contains("Grading:Python:AllowUnsandboxed", failed.Message, StringComparison.Ordinal);
        Assert.Null((await test.Sandbox.ProbeAsync()).Backend);
    }

    // To name the backend is not enough.
    [SandboxFact(SandboxBackend.Namespaces)]
    public async Task Grade_UnsandboxedAllowed_RunsBareOnlyThen()
    {
        await using var test = new SandboxUnderTest(SandboxBackend.Bare, options => options.AllowUnsandboxed = true);
        Assert.Equal(new PythonOutcome.Reward(1), await test.GradeAsync(Count));
        Assert.Equal(SandboxBackend.Bare, (await test.Sandbox.ProbeAsync()).Backend);

        await using var refused = new SandboxUnderTest(SandboxBackend.Bare);
        Assert.IsType<PythonOutcome.Failed>(await refused.GradeAsync(Count));
    }
}
