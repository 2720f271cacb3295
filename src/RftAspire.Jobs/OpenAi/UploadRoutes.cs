using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Files;

namespace RftAspire.Jobs.OpenAi;

internal sealed record UploadAnswer(string Id, long Bytes, long CreatedAt, string Filename, string Purpose, string Status, long ExpiresAt)
{
    public string Object { get; } = "upload";
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public FileBody? File { get; init; }

    public static UploadAnswer Of(UploadState state, StoredFile? file = null)
    {
        var upload = state.Upload;
        return new(upload.Id, upload.Bytes, upload.CreatedAt.ToUnixTimeSeconds(), upload.Filename, upload.Purpose, state.Status, upload.ExpiresAt.ToUnixTimeSeconds())
        {
            File = file is null ? null : FileBody.Of(file),
        };
    }
}

internal sealed record UploadPartBody(string Id, long CreatedAt, string UploadId)
{
    public string Object { get; } = "upload.part";
}

/// <summary>Routes of /v1/uploads.</summary>
internal static class UploadRoutes
{
    private static readonly FieldNames s_names = new(
        ("header.filename", "filename", "invalid_filename"),
        ("header.purpose", "purpose", "invalid_purpose"),
        ("header.expires_after_seconds", "expires_after.seconds", "invalid_value"),
        ("data", "data", "invalid_file_format"));

    public static void MapUploads(this RouteGroupBuilder v1)
    {
        var uploads = v1.MapGroup("/uploads").WithMetadata(s_names);
        uploads.MapPost("", CreateAsync).Needs(Role.User).Says("Starts an upload in parts").Reads<CreateUploadDocument>();
        uploads.MapPost("/{id}/parts", AddPartAsync).Needs(Role.User).Says("Adds a part").Reads<UploadPartDocument>("multipart/form-data");
        uploads.MapPost("/{id}/complete", CompleteAsync).Needs(Role.User).Says("Makes a file of the parts, in the order given").Reads<CompleteUploadDocument>();
        uploads.MapPost("/{id}/cancel", CancelAsync).Needs(Role.User).Says("Gives an upload up");
    }

    private static async Task<UploadAnswer> CreateAsync(HttpContext http, UploadParts uploads)
    {
        var body = await JsonBody.ReadAsync(http.Request);
        var life = body.OptionalFields("expires_after") is { } after
            ? UploadBody.Lifetime(after.Text("anchor"), after.Find("seconds")?.GetRawText())
            : 0;
        var bytes = body.Whole("bytes") ?? throw body.Missing("bytes");
        var header = new FileHeader { Filename = body.Text("filename"), Purpose = body.Text("purpose"), ExpiresAfterSeconds = life };
        return UploadAnswer.Of(await uploads.CreateAsync(http.GetCaller(), header, bytes));
    }

    private static async Task<UploadPartBody> AddPartAsync(HttpContext http, string id, UploadParts uploads, IOptions<JobsOptions> options, TimeProvider clock)
    {
        using var part = await uploads.BeginPartAsync(http.GetCaller(), id);
        await UploadBody.ReceiveAsync(http, "data", part, options.Value);
        return new UploadPartBody(await uploads.AddAsync(http.GetCaller(), id, part), clock.GetUtcNow().ToUnixTimeSeconds(), id);
    }

    private static async Task<UploadAnswer> CompleteAsync(HttpContext http, string id, UploadParts uploads)
    {
        var body = await JsonBody.ReadAsync(http.Request);
        var parts = body.Items("part_ids").Select(part => part.ValueKind == JsonValueKind.String ? part.GetString()! : throw body.Wrong("part_ids", part, "text"));
        var (state, file) = await uploads.CompleteAsync(http.GetCaller(), id, [.. parts], body.OptionalText("md5"), http.RequestAborted);
        return UploadAnswer.Of(state, file);
    }

    private static async Task<UploadAnswer> CancelAsync(HttpContext http, string id, UploadParts uploads) =>
        UploadAnswer.Of(await uploads.CancelAsync(http.GetCaller(), id));
}
