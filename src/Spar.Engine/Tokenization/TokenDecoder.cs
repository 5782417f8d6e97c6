using System.Globalization;
using System.Text;
using Spar.Engine.Files;

namespace Spar.Engine.Tokenization;

/// <summary>
/// The <c>decoder</c> of a tokenizer.json: what text or bytes each token stands for. Two kinds: byte-level, where all
/// tokens' bytes form one UTF-8 stream; and sentencepiece style, where tokens are text and only byte tokens such as
/// <c>&lt;0x0A&gt;</c> are bytes.
/// </summary>
internal sealed class TokenDecoder
{
    private readonly List<(string Pattern, string Content)> _replacements = [];
    private bool _byteFallback;

    /// <summary>True for the byte-level kind.</summary>
    public bool ByteLevel { get; private set; }

    /// <summary>
    /// The character that is taken off the beginning of a whole text, at most <see cref="StripCount"/> times.
    /// </summary>
    public char StripChar { get; private set; }

    /// <summary>How many of <see cref="StripChar"/> are taken off.</summary>
    public int StripCount { get; private set; }

    /// <summary>Reads the section.</summary>
    /// <exception cref="EngineException">A kind or setting that is not supported.</exception>
    public static TokenDecoder Read(JsonFile json)
    {
        TokenDecoder result = new();
        result.Add(json);
        return result;
    }

    /// <summary>
    /// The bytes of a token, and whether it is a lone byte of the sentencepiece style (then there is one byte).
    /// </summary>
    public (byte[] Bytes, bool IsByteToken) Decode(string token)
    {
        if (ByteLevel)
        {
            return (ByteLevelAlphabet.ToBytes(token), false);
        }

        if (_byteFallback && token is ['<', '0', 'x', _, _, '>']
            && byte.TryParse(
                token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
        {
            return ([value], true);
        }

        foreach ((string pattern, string content) in _replacements)
        {
            token = token.Replace(pattern, content, StringComparison.Ordinal);
        }

        return (Encoding.UTF8.GetBytes(token), false);
    }

    private void Add(JsonFile json)
    {
        switch (json["type"].Text())
        {
            case "Sequence":
                foreach (JsonFile item in json["decoders"].Items())
                {
                    Add(item);
                }

                break;
            case "ByteLevel":
                ByteLevel = true;
                break;
            case "ByteFallback":
                _byteFallback = true;
                break;
            case "Fuse":
                break;
            case "Replace":
                string pattern = json["pattern"]["String"].Text();
                _replacements.Add(
                    pattern.Length > 0
                        ? (pattern, json["content"].Text())
                        : throw json["pattern"].Fault("must not be empty"));
                break;
            case "Strip":
                StripChar = json["content"].Text() is [char single]
                    ? single
                    : throw json["content"].Fault("must be one character");
                StripCount = json["start"].Int();
                if (json["stop"].Int() != 0)
                {
                    throw json["stop"].Fault("must be 0 (stripping at the end is not supported)");
                }

                break;
            case "Metaspace":
                _replacements.Add((json["replacement"].Text(), " "));
                (StripChar, StripCount) =
                    (' ', !json["prepend_scheme"].IsNull && json["prepend_scheme"].Text() == "never" ? 0 : 1);
                break;
            default:
                throw json["type"].Fault(
                    "must be Sequence, ByteLevel, ByteFallback, Fuse, Replace, Strip or Metaspace (other decoders are "
                    + "not supported)");
        }
    }
}
