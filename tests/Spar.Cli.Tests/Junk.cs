using System.Text;

namespace Spar.Cli.Tests;

/// <summary>
/// What a clumsy or hostile user could write in the place of an option's value, or into a file that a command reads.
/// </summary>
internal static class Junk
{
    /// <summary>Values of options and arguments; none of them names a file that exists, but folders.</summary>
    public static IReadOnlyList<string> Values { get; } =
    [
        "",
        " ",
        "-",
        "--",
        "-1",
        "0",
        "1e999",
        "NaN",
        "-Infinity",
        "9999999999999999999999",
        "0x10",
        "1,2",
        ",",
        "five",
        "true",
        "null",
        "\u001b[31m",
        "a\0b",
        "\u0007\r\n",
        "\u202eabc",
        "ÄÖ中\U0001f980",
        "\ud800",
        "@args",
        "$HOME",
        "~",
        "*",
        "..",
        "/",
        "/proc",
        "nul",
        ":memory:",
        "no/such/file",
        "http://",
        "http://127.0.0.1:1/v1#x",
        "ftp://host/x#y",
        "file:///etc/passwd",
        "#",
        "[red]x[/]",
        "{0}",
        "%s%n",
        new string('x', 300),
        new string('9', 5000),
        new string('/', 5000),
        string.Concat(Enumerable.Repeat("é", 2000)),
    ];

    /// <summary>Damaged forms of a file.</summary>
    /// <param name="good">Its content as it should be.</param>
    public static IEnumerable<(string How, byte[] Content)> Damage(byte[] good)
    {
        Random random = new(good.Length);
        byte[] Noise(int length)
        {
            byte[] noise = new byte[length];
            random.NextBytes(noise);
            return noise;
        }

        byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

        yield return ("empty", []);
        yield return ("blank", Text(" \n\n\t"));
        yield return ("one byte", [0xff]);
        yield return ("a NUL", [0]);
        yield return ("noise", Noise(5000));
        yield return ("zeros", new byte[5000]);
        yield return ("a byte order mark before it", [0xef, 0xbb, 0xbf, .. good]);
        yield return ("in UTF-16", [0xff, 0xfe, .. Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(good))]);
        yield return ("the first byte gone", good[Math.Min(1, good.Length)..]);
        yield return ("half of it", good[..(good.Length / 2)]);
        yield return ("all but the last byte", good[..Math.Max(0, good.Length - 1)]);
        yield return ("noise behind it", [.. good, .. Noise(100)]);
        yield return ("an escape sequence in it", [.. Text("\u001b]0;x\u0007\u001b[31m"), .. good]);
        yield return ("null", Text("null"));
        yield return ("a number", Text("7"));
        yield return ("a text", Text("\"x\""));
        yield return ("an empty list", Text("[]"));
        yield return ("an empty object", Text("{}"));
        yield return (
            "half a surrogate pair",
            Text(
                "{\"prompt\": \"\\ud800\", \"id\": \"\\udc00\", \"key\": 1, \"response\": \"\\ud800\", \"text\": \"\\ud800\"}"
            )
        );
        yield return ("a name that is half a surrogate pair", Text("{\"\\ud800\": 1}"));
        yield return ("huge numbers", Text("{\"id\": 1e999, \"key\": 99999999999999999999999999, \"prompt\": 1e400}"));
        yield return ("deep lists", Text(new string('[', 20_000)));
        yield return ("deep objects", Text(string.Concat(Enumerable.Repeat("{\"a\":", 20_000))));
        yield return ("a long line", Text($"{{\"prompt\": \"{new string('x', 2_000_000)}\"}}"));
        yield return ("a page of HTML", Text("<!doctype html><html><body>404 not found</body></html>\n"));
        yield return ("a gzip header without more", [0x1f, 0x8b, 8, 0]);
        for (int i = 0; i < 4; i++)
        {
            byte[] flipped = [.. good];
            for (int j = 0; j < Math.Max(1, good.Length / 200) && good.Length > 0; j++)
            {
                flipped[random.Next(Math.Min(good.Length, 4000))] = (byte)random.Next(256);
            }

            yield return ($"some bytes changed ({i})", flipped);
        }
    }
}
