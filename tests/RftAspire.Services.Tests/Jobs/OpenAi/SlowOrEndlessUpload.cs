using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace RftAspire.Services.Tests.Jobs.OpenAi;

/// <summary>An upload over a bare connection, whose sender listens while it sends, until the server has answered.</summary>
internal static class SlowOrEndlessUpload
{
    private const string Form = "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nuser_data\r\n"
        + "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"big\"\r\n\r\n";

    /// <param name="service">The service.</param>
    /// <param name="bytes">Zeros that the file has.</param>
    /// <param name="piece">So many at once.</param>
    /// <param name="pause">Between two pieces.</param>
    /// <param name="announced">Whether the size stands in a header, else the body is chunked.</param>
    /// <returns>Status, error and the zeros sent by then.</returns>
    public static async Task<(int Status, JsonElement Error, long Sent)> SendAsync(JobsUnderTest service, long bytes, int piece, TimeSpan pause, bool announced)
    {
        using var connection = new TcpClient();
        await connection.ConnectAsync(service.Http.BaseAddress!.Host, service.Http.BaseAddress.Port);
        var stream = connection.GetStream();
        var length = announced ? $"Content-Length: {Form.Length + bytes}" : "Transfer-Encoding: chunked";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: {service.Http.DefaultRequestHeaders.Authorization}\r\nContent-Type: multipart/form-data; boundary=b\r\n{length}\r\n\r\n{(announced ? Form : Chunk(Form))}"));
        var answer = ReadAsync(stream);
        var zeros = Encoding.ASCII.GetBytes(announced ? new string('\0', piece) : Chunk(new string('\0', piece)));
        var sent = 0L;
        try
        {
            while (sent < bytes && await Task.WhenAny(answer, Task.Delay(pause)) != answer)
            {
                await stream.WriteAsync(zeros);
                sent += piece;
            }
        }
        catch (IOException)
        {
            // The server has closed the connection; what it said before can still be read.
        }
        var text = await answer.WaitAsync(TimeSpan.FromMinutes(1));
        return (int.Parse(text.Split(' ')[1], null), JsonDocument.Parse(text[text.IndexOf('{')..(text.LastIndexOf('}') + 1)]).RootElement.GetProperty("error"), sent);
    }

    private static string Chunk(string text) => $"{text.Length:x}\r\n{text}\r\n";

    private static async Task<string> ReadAsync(NetworkStream stream)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (!text.ToString().Contains('}', StringComparison.Ordinal) && await stream.ReadAsync(buffer) is > 0 and var read)
            text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        return text.ToString();
    }
}
