using System.Diagnostics;
using Grpc.Core;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Grading.V1;

namespace RftAspire.Grading.Workbench;

/// <summary>The workbench for callers of the platform; Jobs passes their calls on.</summary>
public sealed class GraderWorkbenchService(WorkbenchGraders graders, TestRequests requests) : GraderWorkbench.GraderWorkbenchBase
{
    public override async Task<ValidateResponse> Validate(ValidateRequest request, ServerCallContext context) =>
        GraderSummary.Of(await graders.CheckAsync("grader_json", request.GraderJson, context.CancellationToken));

    public override async Task<RunResponse> Run(RunRequest request, ServerCallContext context)
    {
        var (_, grader) = graders.Get("grader_json", request.GraderJson);
        var row = requests.Row("item_json", request.ItemJson.Length > 0 ? request.ItemJson : "{}", line: 1);
        var started = Stopwatch.GetTimestamp();
        var result = await grader.GradeAsync(new GradeRequest(row.Item, new Sample(request.ModelSample)), context.CancellationToken);
        return result.ToMessage(Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    public override async Task Test(IAsyncStreamReader<TestRequest> requestStream, IServerStreamWriter<TestResponse> responseStream, ServerCallContext context)
    {
        var (setup, rows) = await requests.ReadAsync(requestStream, context.CancellationToken);
        var progress = new ProgressStream(responseStream);
        var (definition, grader) = graders.Get("setup.grader_json", setup.GraderJson);
        var test = new GraderTest(definition, grader, setup.Options ?? new TestOptions(), progress.Tell);
        var report = await progress.DuringAsync(test.RunAsync(rows, context.CancellationToken), context.CancellationToken);
        await responseStream.WriteAsync(new TestResponse { Report = report }, context.CancellationToken);
    }
}

/// <summary>What a definition says of a grader.</summary>
public static class GraderSummary
{
    public static ValidateResponse Of(GraderDefinition definition) => new()
    {
        GraderJson = definition.Json,
        Name = definition.Name,
        Type = definition.Type,
        Digest = definition.Digest,
        NeedsPlatform = definition.NeedsPlatform,
        Columns =
        {
            definition.Columns.Distinct().Select(column => new Contracts.Grading.V1.GraderColumn
            {
                Path = column.Path.Text,
                Kind = column.Kind.ToString().ToLowerInvariant(),
            }),
        },
    };
}
