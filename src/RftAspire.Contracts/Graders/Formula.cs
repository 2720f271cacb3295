using System.Globalization;

namespace RftAspire.Contracts.Graders;

/// <summary>
/// The arithmetic of a multi grader: numbers, variables, <c>+ - * / ^</c>, parentheses and a few functions. <c>^</c> binds tighter
/// than a sign and to the right, so -2^2 is -4 and 2^3^2 is 512. Nothing repeats, so its cost is its length.
/// </summary>
public sealed class Formula
{
    private const int MaxLength = 4096;
    private const int MaxDepth = 64;

    private static readonly Dictionary<string, (int Least, int Most, Func<double[], double> Apply)> s_functions = new()
    {
        ["min"] = (1, int.MaxValue, values => values.Min()),
        ["max"] = (1, int.MaxValue, values => values.Max()),
        ["abs"] = (1, 1, values => Math.Abs(values[0])),
        ["floor"] = (1, 1, values => Math.Floor(values[0])),
        ["ceil"] = (1, 1, values => Math.Ceiling(values[0])),
        ["exp"] = (1, 1, values => Math.Exp(values[0])),
        ["sqrt"] = (1, 1, values => Math.Sqrt(values[0])),
        ["log"] = (1, 1, values => Math.Log(values[0])),
    };

    private readonly Func<double[], double> _root;

    private Formula(string text, IReadOnlySet<int> variables, Func<double[], double> root) => (Text, Variables, _root) = (text, variables, root);

    /// <summary>Names with a meaning of their own; <c>log</c> is the natural logarithm.</summary>
    public static IReadOnlyCollection<string> Functions => s_functions.Keys;

    /// <summary>The formula as written.</summary>
    public string Text { get; }

    /// <summary>Indexes of the variables that the result depends on.</summary>
    public IReadOnlySet<int> Variables { get; }

    /// <summary>The value, one number for each name given to <see cref="Parse"/>; NaN or infinite where mathematics has none (1/0, log(0)).</summary>
    public double Evaluate(double[] values) => _root(values);

    /// <summary>Reads a formula of at most 4,096 characters, nested at most 64 deep.</summary>
    /// <param name="text">The formula.</param>
    /// <param name="names">Its variables.</param>
    /// <param name="path">Its JSON path in the grader.</param>
    /// <exception cref="GraderException">It is no formula over these names.</exception>
    public static Formula Parse(string text, IReadOnlyList<string> names, string path)
    {
        if (text.Length > MaxLength) throw new GraderException(path, $"has {text.Length} characters; at most {MaxLength} are allowed");
        var reader = new Reader(text, names, path);
        var root = reader.ReadAll();
        return new Formula(text, reader.Used, root);
    }

    // Recursive descent: sum = product {(+|-) product}; product = sign {(*|/) sign}; sign = {+|-} power; power = atom [^ sign].
    private sealed class Reader(string text, IReadOnlyList<string> names, string path)
    {
        private int _at;
        private int _depth;

        public HashSet<int> Used { get; } = [];

        public Func<double[], double> ReadAll()
        {
            var root = ReadSum();
            return Peek() is '\0' ? root : throw Fault($"'{text[_at]}' is not expected");
        }

        private Func<double[], double> ReadSum()
        {
            var left = ReadProduct();
            while (Peek() is '+' or '-')
            {
                var (sign, before, after) = (text[_at++], left, ReadProduct());
                left = sign == '+' ? values => before(values) + after(values) : values => before(values) - after(values);
            }
            return left;
        }

        private Func<double[], double> ReadProduct()
        {
            var left = ReadSign();
            while (Peek() is '*' or '/')
            {
                var (sign, before, after) = (text[_at++], left, ReadSign());
                left = sign == '*' ? values => before(values) * after(values) : values => before(values) / after(values);
            }
            return left;
        }

        private Func<double[], double> ReadSign()
        {
            if (Peek() is not ('+' or '-')) return ReadPower();
            var negative = text[_at++] == '-';
            var operand = Nested(ReadSign);
            return negative ? values => -operand(values) : operand;
        }

        private Func<double[], double> ReadPower()
        {
            var left = ReadAtom();
            if (Peek() != '^') return left;
            _at++;
            var right = Nested(ReadSign);
            return values => Math.Pow(left(values), right(values));
        }

        private Func<double[], double> ReadAtom()
        {
            var start = Peek();
            if (start == '(')
            {
                _at++;
                var inner = Nested(ReadSum);
                Expect(')');
                return inner;
            }
            if (char.IsAsciiDigit(start) || start == '.') return ReadNumber();
            return char.IsAsciiLetter(start) || start == '_' ? ReadName() : throw Fault(start == '\0' ? "ends too early" : $"'{start}' is not expected");
        }

        private Func<double[], double> ReadNumber()
        {
            var end = _at;
            while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] == '.' || (text[end] is '+' or '-' && text[end - 1] is 'e' or 'E'))) end++;
            var number = text[_at..end];
            if (!double.TryParse(number, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var value) || !double.IsFinite(value))
                throw Fault($"'{number}' is no number");
            _at = end;
            return _ => value;
        }

        private Func<double[], double> ReadName()
        {
            var end = _at;
            while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] == '_')) end++;
            var name = text[_at..end];
            if (s_functions.ContainsKey(name))
            {
                _at = end;
                return ReadCall(name);
            }
            var index = names.ToList().IndexOf(name);
            if (index < 0) throw Fault($"'{name}' is no grader; known are {string.Join(", ", names)}");
            _at = end;
            Used.Add(index);
            return values => values[index];
        }

        private Func<double[], double> ReadCall(string name)
        {
            var (least, most, apply) = s_functions[name];
            Expect('(');
            var arguments = new List<Func<double[], double>> { Nested(ReadSum) };
            while (Peek() == ',')
            {
                _at++;
                arguments.Add(Nested(ReadSum));
            }
            Expect(')');
            if (arguments.Count < least || arguments.Count > most) throw Fault($"{name} takes {least} value, not {arguments.Count}");
            var inputs = arguments.ToArray();
            return values => apply(Array.ConvertAll(inputs, input => input(values)));
        }

        private Func<double[], double> Nested(Func<Func<double[], double>> read)
        {
            if (++_depth > MaxDepth) throw Fault($"is nested more than {MaxDepth} deep");
            var inner = read();
            _depth--;
            return inner;
        }

        private void Expect(char sign)
        {
            if (Peek() != sign) throw Fault(Peek() == '\0' ? $"ends where '{sign}' is expected" : $"'{Peek()}' stands where '{sign}' is expected");
            _at++;
        }

        private char Peek()
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at])) _at++;
            return _at < text.Length ? text[_at] : '\0';
        }

        private GraderException Fault(string fault) => new(path, $"{fault}, at character {_at + 1} of '{(text.Length > 80 ? text[..80] + "..." : text)}'");
    }
}
