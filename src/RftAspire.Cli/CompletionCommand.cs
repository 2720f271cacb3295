using System.CommandLine;

namespace RftAspire.Cli;

/// <summary>Scripts that let a shell complete commands and options: the shell asks rft itself, by its suggest directive.</summary>
public static class CompletionCommand
{
    private static readonly Dictionary<string, string> s_scripts = new()
    {
        ["bash"] = """
            _rft() {
              local line="${COMP_LINE:0:COMP_POINT}"
              mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" "[suggest:${#line}]" "$line" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}")
            }
            complete -o default -F _rft rft ./rft
            """,
        ["zsh"] = """
            _rft() {
              local line="${BUFFER[1,CURSOR]}"
              local -a words_found
              words_found=(${(f)"$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)"})
              (( ${#words_found} )) && compadd -a words_found || _files
            }
            compdef _rft rft ./rft
            """,
        ["fish"] = """
            function __rft_complete
              set -l line (commandline -cp)
              set -l command (commandline -opc)[1]
              $command "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
            end
            complete -c rft -a '(__rft_complete)'
            """,
    };

    public static Command Create(CommandLine cli)
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong([.. s_scripts.Keys]);
        return cli.Handle(new Command("completion", "Print a script for the shell: source <(rft completion bash).") { shell }, (context, _) =>
        {
            context.Out.WriteLine(s_scripts[context.Get(shell)]);
            return Task.FromResult(ExitCode.Ok);
        });
    }
}
