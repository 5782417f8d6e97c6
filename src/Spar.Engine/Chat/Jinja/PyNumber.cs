using System.Globalization;
using System.Numerics;
using System.Text;

namespace Spar.Engine.Chat.Jinja;

/// <summary>
/// Python's numbers: whole ones (here of 64 bits; a larger one is a fault), floats, and truth values, which count as 0
/// and 1.
/// </summary>
internal static class PyNumber
{
    private const double ExactLimit = 9007199254740992; // 2^53

    /// <summary>A whole number, or a truth value as one.</summary>
    public static bool TryInteger(object? value, out long number)
    {
        number = value is long whole ? whole : value is true ? 1 : 0;
        return value is long or bool;
    }

    /// <summary>The whole number that a number equals, a float included.</summary>
    public static bool TryWhole(object value, out long number)
    {
        if (value is not double real)
        {
            return TryInteger(value, out number);
        }

        bool whole = Math.Floor(real) == real && Math.Abs(real) < 9e18;
        number = whole ? (long)real : 0;
        return whole;
    }

    public static bool TryFloat(object? value, out double number)
    {
        bool known = value is double;
        number = known ? (double)value! : 0;
        if (!known && TryInteger(value, out long whole))
        {
            (known, number) = (true, whole);
        }

        return known;
    }

    /// <summary>The order of two numbers; null when one is not a number.</summary>
    public static int? Compare(object left, object right)
    {
        if (TryWhole(left, out long a) && TryWhole(right, out long b))
        {
            return a.CompareTo(b);
        }

        TryFloat(left, out double x);
        TryFloat(right, out double y);
        return double.IsNaN(x) || double.IsNaN(y) ? null : x.CompareTo(y);
    }

    /// <summary>An arithmetic operator on two numbers.</summary>
    /// <exception cref="JinjaFault">Division by zero, or a result that is too large or complex.</exception>
    public static object Calculate(string word, object left, object right)
    {
        if (TryInteger(left, out long a) && TryInteger(right, out long b))
        {
            try
            {
                return Integers(word, a, b);
            }
            catch (OverflowException)
            {
                throw new JinjaFault("a whole number of more than 64 bits is computed, which is not supported");
            }
        }

        TryFloat(left, out double x);
        TryFloat(right, out double y);
        return word switch
        {
            "+" => x + y,
            "-" => x - y,
            "*" => x * y,
            "**" => Power(x, y),
            _ when y == 0 => throw new JinjaFault("a number is divided by zero"),
            "/" => x / y,
            "%" => Modulo(x, y),
            _ => FloorDivide(x, y),
        };
    }

    /// <summary>Python's <c>repr</c> of a float: the shortest text that reads back as the same number.</summary>
    public static string Repr(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }

        string shortest = value.ToString("R", CultureInfo.InvariantCulture);
        int exponent = 0;
        string digits = new(shortest.Split('E')[0].Where(char.IsAsciiDigit).ToArray());
        digits = digits.TrimStart('0').TrimEnd('0') is { Length: > 0 } some ? some : "0";
        string sign = double.IsNegative(value) ? "-" : "";

        if (value != 0 && shortest.Contains('E'))
        {
            exponent = int.Parse(shortest.Split('E')[1], CultureInfo.InvariantCulture);
        }
        else if (value != 0)
        {
            string plain = shortest.TrimStart('-');
            int point = plain.IndexOf('.') is >= 0 and int at ? at : plain.Length;
            int first = plain.IndexOfAny(['1', '2', '3', '4', '5', '6', '7', '8', '9']);
            exponent = first < point ? point - first - 1 : point - first;
        }

        if (exponent is < -4 or >= 16)
        {
            string mantissa = digits.Length == 1 ? digits : $"{digits[0]}.{digits[1..]}";
            return $"{sign}{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }

        if (exponent < 0)
        {
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        }

        return digits.Length <= exponent + 1
            ? $"{sign}{digits}{new string('0', exponent + 1 - digits.Length)}.0"
            : $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    /// <summary>
    /// A finite number with a fixed count of digits after the point, ties of the exact value to even.
    /// </summary>
    public static string ToFixed(double value, int digits)
    {
        BigInteger scaled = RoundScaled(value, digits);
        string text = BigInteger.Abs(scaled).ToString(CultureInfo.InvariantCulture);
        text = text.PadLeft(Math.Max(0, digits) + 1, '0');
        StringBuilder result = new(double.IsNegative(value) ? "-" : "");
        result.Append(digits > 0 ? text[..^digits] : text);
        return digits > 0 ? result.Append('.').Append(text[^digits..]).ToString() : result.ToString();
    }

    /// <summary>Python's <c>round(value, digits)</c>.</summary>
    public static object Round(object value, int digits)
    {
        if (TryInteger(value, out long whole))
        {
            if (digits >= 0)
            {
                return whole;
            }

            BigInteger unit = BigInteger.Pow(10, Math.Min(-digits, 40));
            return (long)(DivideToEven(whole, unit) * unit);
        }

        double number = (double)value;
        if (!double.IsFinite(number) || digits > 350)
        {
            return number;
        }

        if (digits < 0)
        {
            BigInteger unit = BigInteger.Pow(10, Math.Min(-digits, 350));
            return Math.CopySign((double)(RoundScaled(number, digits) * unit), number);
        }

        return double.Parse(ToFixed(number, digits), CultureInfo.InvariantCulture);
    }

    /// <summary>Python's <c>int(text, base)</c>.</summary>
    public static bool TryParse(string text, int radix, out long number)
    {
        number = 0;
        string digits = PyText.Trim(text, null).Replace('\u2212', '?');
        bool negative = digits.StartsWith('-');
        digits = negative || digits.StartsWith('+') ? digits[1..] : digits;
        if (digits.Length > 1 && digits[0] == '0' && char.ToLowerInvariant(digits[1]) is 'x' or 'o' or 'b')
        {
            int prefix = char.ToLowerInvariant(digits[1]) switch { 'x' => 16, 'o' => 8, _ => 2 };
            if (radix == 0 || radix == prefix)
            {
                radix = prefix;
                digits = digits[2..].StartsWith('_') ? digits[3..] : digits[2..];
            }
        }

        radix = radix == 0 ? 10 : radix;
        if (digits.Length == 0 || digits[0] == '_' || digits[^1] == '_'
            || digits.Contains("__", StringComparison.Ordinal))
        {
            return false;
        }

        BigInteger sum = 0;
        foreach (Rune rune in digits.Replace("_", "", StringComparison.Ordinal).EnumerateRunes())
        {
            int digit = Rune.GetUnicodeCategory(rune) == UnicodeCategory.DecimalDigitNumber
                ? (int)Rune.GetNumericValue(rune)
                : rune.Value < 128 && char.IsAsciiLetter((char)rune.Value)
                    ? char.ToLowerInvariant((char)rune.Value) - 'a' + 10
                : 99;
            if (digit >= radix)
            {
                return false;
            }

            sum = sum * radix + digit;
            Run.CheckLength(sum > long.MaxValue ? double.MaxValue : 0);
        }

        number = (long)(negative ? -sum : sum);
        return true;
    }

    /// <summary>Python's <c>float(text)</c>.</summary>
    public static bool TryParse(string text, out double number)
    {
        string digits = PyText.Trim(text, null);
        string bare = digits.TrimStart('+', '-').ToLowerInvariant();
        if (digits.Length - bare.Length <= 1 && bare is "inf" or "infinity" or "nan")
        {
            number = bare == "nan" ? double.NaN : digits.StartsWith('-') ? double.NegativeInfinity
                : double.PositiveInfinity;
            return true;
        }

        bool separated = digits.Contains('_');
        bool wrong = separated && digits.Select((c, i) => c == '_'
            && (i == 0 || i == digits.Length - 1 || !char.IsAsciiDigit(digits[i - 1])
                || !char.IsAsciiDigit(digits[i + 1]))).Any(x => x);
        number = 0;
        return !wrong && digits.All(c => char.IsAsciiDigit(c) || c is '+' or '-' or '.' or 'e' or 'E' or '_')
            && double.TryParse(digits.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float,
                CultureInfo.InvariantCulture, out number);
    }

    private static object Integers(string word, long a, long b) => checked(word switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "**" => IntegerPower(a, b),
        _ when b == 0 => throw new JinjaFault("a number is divided by zero"),
        "/" => Math.Abs((double)a) <= ExactLimit && Math.Abs((double)b) <= ExactLimit ? (double)a / b
            : throw new JinjaFault("a whole number of more than 53 bits is divided, which is not supported"),
        "//" when b == -1 => -a,
        "//" => Math.DivRem(a, b, out long rest) - (rest != 0 && (rest < 0) != (b < 0) ? 1 : 0),
        _ => b == -1 ? 0L : a % b is var rest && rest != 0 && (rest < 0) != (b < 0) ? rest + b : a % b,
    });

    private static object IntegerPower(long a, long b)
    {
        if (b < 0)
        {
            return a == 0 ? throw new JinjaFault("zero is raised to a negative power") : Power(a, b);
        }

        BigInteger result = Math.Abs((decimal)a) <= 1
            ? BigInteger.Pow(a, (int)(b % 2 == 0 && b > 0 ? 2 : Math.Min(b, 1)))
            : b > 64 ? throw new OverflowException()
            : BigInteger.Pow(a, (int)b);
        return (long)result;
    }

    private static double Power(double x, double y)
    {
        if (x == 0 && y < 0)
        {
            throw new JinjaFault("zero is raised to a negative power");
        }

        if (x < 0 && double.IsFinite(x) && double.IsFinite(y) && Math.Floor(y) != y)
        {
            throw JinjaFault.Unsupported("a complex number");
        }

        double result = Math.Pow(x, y);
        return double.IsInfinity(result) && double.IsFinite(x) && double.IsFinite(y)
            ? throw new JinjaFault("a power is too large") : result;
    }

    private static double Modulo(double x, double y)
    {
        double rest = x % y;
        return rest != 0 ? (rest < 0) != (y < 0) ? rest + y : rest : Math.CopySign(0, y);
    }

    private static double FloorDivide(double x, double y)
    {
        double rest = x % y, quotient = (x - rest) / y;
        if (rest != 0 && (rest < 0) != (y < 0))
        {
            quotient -= 1;
        }

        double floor = Math.Floor(quotient);
        return quotient == 0 ? Math.CopySign(0, x / y) : quotient - floor > 0.5 ? floor + 1 : floor;
    }

    // value * 10^digits, rounded to a whole number by the exact binary value, ties to even.
    private static BigInteger RoundScaled(double value, int digits)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)((bits >> 52) & 0x7FF);
        BigInteger mantissa = (bits & 0xFFFFFFFFFFFFF) | (exponent == 0 ? 0 : 1L << 52);
        exponent = Math.Max(exponent, 1) - 1075;
        BigInteger numerator =
            mantissa * BigInteger.Pow(10, Math.Max(0, digits)) * BigInteger.Pow(2, Math.Max(0, exponent));
        BigInteger denominator =
            BigInteger.Pow(10, Math.Min(350, Math.Max(0, -digits))) * BigInteger.Pow(2, Math.Max(0, -exponent));
        BigInteger rounded = DivideToEven(numerator, denominator);
        return double.IsNegative(value) ? -rounded : rounded;
    }

    private static BigInteger DivideToEven(BigInteger numerator, BigInteger denominator)
    {
        BigInteger quotient = BigInteger.DivRem(BigInteger.Abs(numerator), denominator, out BigInteger rest);
        int half = (rest * 2).CompareTo(denominator);
        quotient += half > 0 || (half == 0 && !quotient.IsEven) ? 1 : 0;
        return numerator.Sign < 0 ? -quotient : quotient;
    }
}
