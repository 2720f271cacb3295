using System.Net;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Routing;
using RftAspire.Jobs.OpenAi;

namespace RftAspire.Services.Tests.Jobs.Access.Ids;

/// <summary>A request with places for ids, written <c>&lt;kind&gt;</c>.</summary>
/// <param name="Endpoint">What it calls.</param>
/// <param name="Kinds">Kinds of its ids, the outermost thing first.</param>
/// <param name="Reads">Whether it leaves everything as it is.</param>
/// <param name="Build">The request with these ids.</param>
internal sealed record IdRequest(string Endpoint, IReadOnlyList<string> Kinds, bool Reads, Func<Func<string, string>, HttpRequestMessage> Build);

/// <summary>The requests of every endpoint that takes an id, from the endpoints themselves: one that nobody has told what its ids are is a fault.</summary>
internal static partial class IdRequests
{
    public const string Grader = """{"type":"string_check","name":"exact","operation":"eq","input":"{{sample.output_text}}","reference":"{{item.a}}"}""";

    private const string Rows = """{"type":"jsonl","source":{"type":"file_id","id":"<rows>"}}""";

    private static readonly System.Text.Json.JsonSerializerOptions s_relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // What {id} is behind the start of a route, and what an "after" is in a list.
    private static readonly Dictionary<string, string> s_things = new() { ["files"] = "file", ["uploads"] = "upload", ["jobs"] = "job", ["evals"] = "eval", ["runs"] = "run", ["output_items"] = "item", ["checkpoints"] = "checkpoint" };

    // Bodies of routes; those without any id stand here too, so that a new body is looked at.
    private static readonly Dictionary<string, string> s_bodies = new()
    {
        ["POST /v1/files"] = "",
        ["POST /v1/uploads"] = "",
        ["POST /v1/uploads/{id}/parts"] = "form",
        ["POST /v1/uploads/{id}/complete"] = """{"part_ids":["<part>"]}""",
        ["POST /v1/fine_tuning/jobs"] = $$$$"""{"model":"<model>","training_file":"<file>","validation_file":"<validation>","method":{"type":"reinforcement","reinforcement":{"grader":{{{{Grader}}}}}}}""",
        ["POST /v1/fine_tuning/alpha/graders/validate"] = """{"grader":{"type":"score_model","name":"j","model":"<model>","input":[{"role":"user","content":"x"}]}}""",
        ["POST /v1/fine_tuning/alpha/graders/run"] = """{"grader":{"type":"score_model","name":"j","model":"<model>","input":[{"role":"user","content":"x"}]},"model_sample":"x"}""",
        ["POST /v1/chat/completions"] = """{"model":"<model>","messages":[{"role":"user","content":"x"}]}""",
        ["POST /v1/completions"] = """{"model":"<model>","prompt":"x"}""",
        ["POST /v1/evals"] = """{"data_source_config":{"type":"custom"},"testing_criteria":[{"type":"score_model","name":"j","model":"<model>","input":[{"role":"user","content":"x"}]}]}""",
        ["POST /v1/evals/{id}"] = """{"name":"n"}""",
        ["POST /v1/evals/{id}/runs"] = $$$"""{"data_source":{{{Rows}}}}""",
        ["POST /v1/fine_tuning/checkpoints/{model}/permissions"] = """{"project_ids":["p"]}""",
    };

    // gRPC requests that need more than their ids, or whose ids exclude one another.
    private static readonly Dictionary<string, string[]> s_messages = new()
    {
        ["JobService/CreateJob"] = [$$"""{"model":"<model>","training_dataset_id":"<file>","validation_dataset_id":"<validation>","grader_json":{{Quoted(Grader)}}}"""],
        ["JobService/GetLineage"] = ["""{"model":"<model>"}""", """{"model":"<kept>"}""", """{"job_id":"<job>"}"""],
        ["JobService/WatchJob"] = ["""{"job_id":"<job>","snapshot":true}"""],
        ["JobService/ListJobs"] = ["""{"after":"<job>"}"""],
        ["JobService/ListCheckpoints"] = ["""{"job_id":"<job>","after":"<checkpoint>"}"""],
        ["FileService/ListFiles"] = ["""{"after":"<file>"}"""],
        ["ChatService/Complete"] = ["""{"model":"<model>","messages":[{"role":"user","content":"x"}]}""", """{"model":"<kept>","prompt":"x"}"""],
        ["ModelService/GetModel"] = ["""{"name":"<model>"}""", """{"name":"<kept>"}"""],
        ["ModelService/DeleteModel"] = ["""{"name":"<kept>"}"""],
        ["ModelService/ExportModel"] = ["""{"name":"<model>"}"""],
        ["EvalService/ListEvals"] = ["""{"after":"<eval>"}"""],
        ["EvalService/ListEvalRuns"] = ["""{"eval_id":"<eval>","after":"<run>"}"""],
        ["EvalService/ListOutputItems"] = ["""{"eval_id":"<eval>","run_id":"<run>","after":"<item>"}"""],
        ["EvalService/CreateEvalRun"] = [$$"""{"eval_id":"<eval>","data_source_json":{{Quoted(Rows)}}}"""],
        ["KeyService/CreateKey"] = ["""{"name":"x","role":"ROLE_VIEWER","tenant":"<tenant>"}"""],
        ["KeyService/SetLimits"] = ["""{"limits":{"tenant":"<tenant>","concurrent_jobs":1}}"""],
        ["GraderWorkbench/Test"] = [$$$"""{"setup":{"grader_json":{{{Quoted(Grader)}}},"dataset_id":"<file>"}}"""],
    };

    private static readonly Dictionary<string, string> s_fields = new()
    {
        ["job_id"] = "job",
        ["file_id"] = "file",
        ["webhook_id"] = "webhook",
        ["key_id"] = "key",
        ["eval_id"] = "eval",
        ["run_id"] = "run",
        ["output_item_id"] = "item",
        ["tenant"] = "tenant",
        ["model"] = "model",
        ["training_dataset_id"] = "file",
        ["validation_dataset_id"] = "validation",
        ["dataset_id"] = "file",
        ["after"] = "",
        ["data_source_json"] = "rows",
        ["GetModelRequest.name"] = "model",
        ["DeleteModelRequest.name"] = "kept",
        ["ExportModelRequest.name"] = "model",
    };

    // Texts that name nothing which is stored. A page_token is a place in a job that is named beside it, an audit log's after one in one's own log,
    // and an idempotency key has a test of its own.
    private static readonly HashSet<string> s_texts =
    [
        "grader_json", "suffix", "idempotency_key", "response_format_json", "annotation", "advantage", "loss_normalization", "precision", "reasoning_effort", "algorithm", "adapter_modules",
        "purpose", "grader", "page_token", "filename", "url", "events", "prompt", "stop", "role", "content", "data_source_config_json", "testing_criteria_json", "status",
        "item_json", "model_sample", "answer_column", "reference_column", "row_json", "output_text",
        "CreateEvalRequest.name", "UpdateEvalRequest.name", "CreateEvalRunRequest.name", "CreateKeyRequest.name", "ListAuditEventsRequest.after",
    ];

    public static IEnumerable<IdRequest> Of(RouteEndpoint endpoint, Uri grpc, bool reads)
    {
        if (endpoint.Metadata.GetMetadata<GrpcMethodMetadata>() is { } rpc)
            return !rpc.Method.FullName.StartsWith("/rft.", StringComparison.Ordinal) ? [] : OfGrpc(rpc.Method.FullName, rpc.Method.GetType().GetGenericArguments()[0], grpc, reads);
        var methods = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [];
        var route = endpoint.RoutePattern.RawText!.TrimEnd('/');
        return methods.Where(_ => route.StartsWith("/v1/", StringComparison.Ordinal)).Select(method => OfRoute(endpoint, method, route, reads)).Where(request => request.Kinds.Count > 0);
    }

    private static IdRequest OfRoute(RouteEndpoint endpoint, string method, string route, bool reads)
    {
        var name = $"{method} {route}";
        // A parameter by another name than id is the thing itself.
        // Permissions there are none.
        var path = Parameter().Replace(route, found => $"{found.Groups[1].Value}/<{(found.Groups[2].Value == "id" ? s_things[found.Groups[1].Value] : found.Groups[2].Value)}>").Replace("<permission>", "none", StringComparison.Ordinal);
        if (endpoint.Metadata.OfType<QueryParameter>().Any(parameter => parameter.Name == "after") && s_things.TryGetValue(route.Split('/')[^1], out var listed)) path += $"?after=<{listed}>";
        var body = "";
        if (endpoint.Metadata.GetMetadata<RequestDocument>() is not null || method == "POST") s_bodies.TryGetValue(name, out body);
        Assert.True(endpoint.Metadata.GetMetadata<RequestDocument>() is null || body is not null, $"{name}: say in {nameof(IdRequests)} what ids its body has");
        return new IdRequest(name, KindsOf(path + body), reads, id => new HttpRequestMessage(new HttpMethod(method), Fill(path, kind => Uri.EscapeDataString(id(kind)))) { Content = Content(body, id) });
    }

    private static HttpContent? Content(string? body, Func<string, string> id) => body switch
    {
        null or "" => null,
        "form" => new MultipartFormDataContent { { new StringContent("part"), "data", "data" } },
        _ => new StringContent(Fill(body, id), new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")),
    };

    private static IEnumerable<IdRequest> OfGrpc(string method, Type type, Uri address, bool reads)
    {
        var name = method[(method.LastIndexOf('.') + 1)..];
        var descriptor = (MessageDescriptor)type.GetProperty("Descriptor")!.GetValue(null)!;
        var fields = TextsOf(descriptor).ToList();
        foreach (var field in fields) Assert.True(KindOf(field) is not null || IsText(field), $"{method}: say in {nameof(IdRequests)} what {field.FullName} is");
        var named = fields.Where(field => !IsText(field)).ToList();
        var templates = s_messages.GetValueOrDefault(name) ?? (named.Count == 0 ? [] : [$"{{{string.Join(',', named.Select(field => $"\"{field.Name}\":\"<{KindOf(field)}>\""))}}}"]);
        Assert.All(named, field => Assert.Contains(templates, template => template.Contains($"\"{field.Name}\":", StringComparison.Ordinal)));
        return templates.Select(template => new IdRequest(method.TrimStart('/'), KindsOf(template), reads, id => Frame(new Uri(address, method), descriptor.Parser.ParseJson(Fill(template, id)))));
    }

    public static HttpRequestMessage Frame(Uri address, IMessage message)
    {
        byte[] bytes = [.. new byte[5], .. message.ToByteArray()];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(1), bytes.Length - 5);
        return new HttpRequestMessage(HttpMethod.Post, address)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(bytes) { Headers = { ContentType = new("application/grpc") } },
        };
    }

    private static IEnumerable<FieldDescriptor> TextsOf(MessageDescriptor message) => message.Fields.InDeclarationOrder().Where(field => !field.IsMap).SelectMany(field => field.FieldType switch
    {
        FieldType.String => [field],
        FieldType.Message when field.MessageType.File.Package.StartsWith("rft.", StringComparison.Ordinal) => TextsOf(field.MessageType),
        _ => [],
    });

    private static string? KindOf(FieldDescriptor field) => s_fields.GetValueOrDefault($"{field.ContainingType.Name}.{field.Name}") ?? s_fields.GetValueOrDefault(field.Name);

    private static bool IsText(FieldDescriptor field) => s_texts.Contains(field.Name) || s_texts.Contains($"{field.ContainingType.Name}.{field.Name}");

    private static string[] KindsOf(string template) => [.. Place().Matches(template).Select(place => place.Groups[1].Value).Distinct()];

    private static string Fill(string template, Func<string, string> id) => Place().Replace(template, place => id(place.Groups[1].Value));

    private static string Quoted(string json) => System.Text.Json.JsonSerializer.Serialize(json, s_relaxed);

    [GeneratedRegex(@"([a-z_]+)/\{([a-z]+)\}")]
    private static partial Regex Parameter();

    [GeneratedRegex("<([a-z]+)>")]
    private static partial Regex Place();
}
