using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Files;

namespace RftAspire.Jobs.OpenAi;

/// <summary>A file as the SDKs read it. Fields that are absent by rights are left out.</summary>
internal sealed record FileBody(string Id, long Bytes, long CreatedAt, string Filename, string Purpose)
{
    public string Object { get; } = "file";
    public string Status { get; } = "processed";
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? ExpiresAt { get; init; }
    /// <summary>Rows of a dataset.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Rows { get; init; }
    /// <summary>Of the bytes, lower-case hex.</summary>
    public required string Sha256 { get; init; }

    public static FileBody Of(StoredFile file) => new(file.Id, file.Bytes, file.CreatedAt.Seconds, file.Filename, file.Purpose)
    {
        ExpiresAt = file.ExpiresAt?.Seconds,
        Rows = file.Purpose == FilePurpose.FineTune ? file.Rows : null,
        Sha256 = file.Digest,
    };
}

internal sealed record DeletedBody(string Id, string Object)
{
    public bool Deleted { get; } = true;
}

/// <summary>Routes of /v1/files.</summary>
internal static class FileRoutes
{
    public static void MapFiles(this RouteGroupBuilder v1)
    {
        var files = v1.MapGroup("/files").WithMetadata(UploadBody.Names);
        files.MapPost("", CreateAsync).Needs(Role.User).Says("Uploads a file; a dataset is checked").Reads<UploadFileDocument>("multipart/form-data");
        files.MapGet("", ListAsync).Needs(Role.Viewer).Says("Lists files, newest first").TakesPage()
            .Takes("purpose", "string", "only files of this purpose").Takes("order", "string", "desc or asc, by time of creation");
        files.MapGet("/{id}", GetAsync).Needs(Role.Viewer).Says("Gets a file's record");
        files.MapDelete("/{id}", DeleteAsync).Needs(Role.User).Says("Deletes a file that no unfinished job reads");
        files.MapGet("/{id}/content", ContentAsync).Needs(Role.Viewer).Says("Gets a file's bytes").Produces<Stream>(200, "application/octet-stream");
    }

    private static async Task<FileBody> CreateAsync(HttpContext http, UploadFile upload, IOptions<JobsOptions> options)
    {
        using var incoming = await upload.BeginAsync(http.GetCaller());
        var form = await UploadBody.ReceiveAsync(http, "file", incoming, options.Value);
        var lifetime = UploadBody.Lifetime(form.Field("expires_after[anchor]"), form.Field("expires_after[seconds]"));
        var header = UploadBody.Header(form.Filename, form.Field("purpose"), lifetime);
        return FileBody.Of(await upload.StoreAsync(http.GetCaller(), incoming, header, http.RequestAborted));
    }

    private static async Task<ListBody<FileBody>> ListAsync(HttpContext http, ReadFiles read)
    {
        var page = Page.Of(http.Request, ReadFiles.LargestPage, ReadFiles.LargestPage);
        var found = await read.ListAsync(http.GetCaller(), new ListFilesRequest
        {
            PageSize = page.Limit,
            After = page.After,
            Purpose = http.Request.QueryText("purpose") ?? "",
            Ascending = http.Request.QueryWord("order", "desc", "asc") == "asc",
        });
        return ListBody.Of(found.Files.Select(FileBody.Of), found.HasMore, file => file.Id);
    }

    private static async Task<FileBody> GetAsync(HttpContext http, string id, ReadFiles read) => FileBody.Of(await read.GetAsync(http.GetCaller(), id));

    private static async Task<DeletedBody> DeleteAsync(HttpContext http, string id, DeleteFile delete)
    {
        await delete.RunAsync(http.GetCaller(), id);
        return new DeletedBody(id, "file");
    }

    private static async Task<IResult> ContentAsync(HttpContext http, string id, ReadFiles read)
    {
        var (file, bytes) = await read.OpenAsync(http.GetCaller(), id);
        http.Response.Headers.XContentTypeOptions = "nosniff";
        return Results.Stream(bytes, "application/octet-stream", file.Filename);
    }
}
