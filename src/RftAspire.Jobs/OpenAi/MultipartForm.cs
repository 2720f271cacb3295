using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using RftAspire.Jobs.Files;

namespace RftAspire.Jobs.OpenAi;

/// <summary>
/// A multipart/form-data body with one file, which goes to disk as it arrives. The file may come before the fields that say what
/// it is, names may be unquoted, and the boundary quoted, as the SDKs send them.
/// </summary>
internal sealed class MultipartForm
{
    private const int MostParts = 32;
    private const int LongestField = 8192;

    private readonly Dictionary<string, string> _fields = [];

    private MultipartForm()
    {
    }

    /// <summary>The file's name; null where it has none.</summary>
    public string? Filename { get; private set; }

    public string? Field(string name) => _fields.GetValueOrDefault(name);

    /// <param name="request">The request.</param>
    /// <param name="fileField">The field that is the file.</param>
    /// <param name="incoming">Where its bytes go.</param>
    public static async Task<MultipartForm> ReadAsync(HttpRequest request, string fileField, IncomingFile incoming)
    {
        var cancellation = request.HttpContext.RequestAborted;
        var reader = new MultipartReader(Boundary(request), request.Body);
        var form = new MultipartForm();
        var seen = new HashSet<string>();
        while (await ReadAsync(() => reader.ReadNextSectionAsync(cancellation)) is { } section)
        {
            if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition) || disposition.Name.Length == 0)
                throw Malformed("has a part without a name in its Content-Disposition");
            var name = HeaderUtilities.RemoveQuotes(disposition.Name).ToString();
            if (!seen.Add(name)) throw OpenAiException.Invalid(name, "is given twice; send it once");
            if (seen.Count > MostParts) throw Malformed($"has more than {MostParts} parts");
            if (name == fileField) await form.ReceiveAsync(section, disposition, fileField, incoming, cancellation);
            else form._fields[name] = await TextAsync(name, section, cancellation);
        }
        return seen.Contains(fileField) ? form : throw OpenAiException.Invalid(fileField, "is missing; send the file as this field", "missing_required_parameter");
    }

    private async Task ReceiveAsync(MultipartSection section, ContentDispositionHeaderValue disposition, string field, IncomingFile incoming, CancellationToken cancellation)
    {
        var name = disposition.FileNameStar.Length > 0 ? disposition.FileNameStar : HeaderUtilities.UnescapeAsQuotedString(disposition.FileName);
        Filename = name.Length > 0 ? name.ToString() : null;
        var buffer = new byte[128 << 10];
        while (await ReadAsync(() => section.Body.ReadAsync(buffer, cancellation).AsTask()) is > 0 and var read)
        {
            if (!await incoming.AppendAsync(buffer.AsMemory(0, read), cancellation))
                throw new OpenAiException(413, $"{field}: has more than {incoming.MostBytes} bytes, the most that one may have here", field, "file_too_large");
        }
    }

    private static async Task<string> TextAsync(string name, MultipartSection section, CancellationToken cancellation)
    {
        var buffer = new byte[LongestField + 1];
        var length = await ReadAsync(() => section.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation).AsTask());
        return length <= LongestField ? Encoding.UTF8.GetString(buffer, 0, length) : throw OpenAiException.Invalid(name, $"has more than {LongestField} bytes");
    }

    private static string Boundary(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
            throw new OpenAiException(400, $"The body's Content-Type is '{request.ContentType}'; send multipart/form-data.", null, "unsupported_content_type");
        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary).ToString();
        return boundary.Length is > 0 and <= 200 ? boundary : throw Malformed("has no boundary in its Content-Type");
    }

    // What the reader says of a broken body; a broken connection and the server's own limits say more themselves.
    private static async Task<T> ReadAsync<T>(Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (Exception error) when (error is (IOException or InvalidDataException) and not BadHttpRequestException)
        {
            throw Malformed($"cannot be read: {error.Message}");
        }
    }

    private static OpenAiException Malformed(string fault) => new(400, $"The form {fault}.", null, "invalid_form");
}
