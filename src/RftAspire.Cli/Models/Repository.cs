namespace RftAspire.Cli.Models;

/// <summary>The checkout that the command runs in or was built from, if any: its base models and its platform's data.</summary>
public sealed record Repository(string Root, string Data)
{
    public string BaseModels => Path.Combine(Root, "models");
    public string TunedModels => Path.Combine(Data, "artifacts", "models");

    public static Repository? Find(Surroundings surroundings)
    {
        var root = Above(surroundings.WorkingDirectory) ?? Above(AppContext.BaseDirectory);
        if (root is null) return null;
        var home = surroundings.Variable("RFT_HOME");
        return new(root, home is null ? Path.Combine(root, ".rft") : surroundings.FullPath(home));
    }

    private static string? Above(string folder)
    {
        for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "RftAspire.sln"))) return at.FullName;
        return null;
    }
}
