using System.Text.Json;

namespace RftAspire.Services.Tests.Grading.Rules;

internal static class TestRows
{
    public static JsonElement[] Items(params string[] rows) => [.. rows.Select(row => JsonElement.Parse(row))];
}
