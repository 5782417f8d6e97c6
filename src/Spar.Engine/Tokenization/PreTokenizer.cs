using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Spar.Engine.Files;

namespace Spar.Engine.Tokenization;

/// <summary>The <c>pre_tokenizer</c> of a tokenizer.json: cuts text into the pieces within which BPE merges.</summary>
internal sealed partial class PreTokenizer
{
    private readonly List<Action<Piece, List<Piece>>> _steps = [];

    /// <summary>True when the pieces' UTF-8 bytes are spelled in the <see cref="ByteLevelAlphabet"/>.</summary>
    public bool ByteLevel { get; private set; }

    /// <summary>
    /// GPT-2's pattern: contractions, words, numbers and punctuation with a space before them, and runs of space.
    /// </summary>
    [GeneratedRegex(
        @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Gpt2Pattern { get; }

    /// <summary>Reads the section; an absent one leaves a text whole.</summary>
    /// <exception cref="EngineException">A kind or setting that is not supported.</exception>
    public static PreTokenizer Read(JsonFile json)
    {
        PreTokenizer result = new();
        result.Add(json);
        return result;
    }

    /// <summary>Cuts a piece; empty pieces are left out.</summary>
    public List<Piece> Split(Piece piece)
    {
        List<Piece> pieces = [piece];
        foreach (Action<Piece, List<Piece>> step in _steps)
        {
            List<Piece> finer = [];
            foreach (Piece part in pieces)
            {
                if (part.Length > 0)
                {
                    step(part, finer);
                }
            }

            pieces = finer;
        }

        return pieces;
    }

    private void Add(JsonFile json)
    {
        if (json.IsNull)
        {
            return;
        }

        switch (json["type"].Text())
        {
            case "Sequence":
                foreach (JsonFile item in json["pretokenizers"].Items())
                {
                    Add(item);
                }

                break;
            case "Digits":
                bool individual = !json["individual_digits"].IsNull && json["individual_digits"].Bool();
                _steps.Add((piece, output) => SplitDigits(piece, individual, output));
                break;
            case "Split":
                Regex regex = ReadPattern(json);
                _steps.Add((piece, output) => SplitByPattern(piece, regex, output));
                break;
            case "ByteLevel":
                ByteLevel = true;
                if (json["add_prefix_space"].IsNull || json["add_prefix_space"].Bool())
                {
                    _steps.Add((piece, output) => output.Add(piece.Span[0] == ' ' ? piece : piece.Prepend(' ')));
                }

                if (json["use_regex"].IsNull || json["use_regex"].Bool())
                {
                    _steps.Add((piece, output) => SplitByPattern(piece, Gpt2Pattern, output));
                }

                break;
            case "Metaspace":
                AddMetaspace(json);
                break;
            default:
                throw json["type"].Fault(
                    "must be Sequence, Digits, Split, ByteLevel or Metaspace (other pre-tokenizers are not supported)");
        }
    }

    private void AddMetaspace(JsonFile json)
    {
        char mark = json["replacement"].Text() is [char single]
            ? single
            : throw json["replacement"].Fault("must be one character");
        string scheme = !json["prepend_scheme"].IsNull ? json["prepend_scheme"].Text()
            : json["add_prefix_space"].IsNull || json["add_prefix_space"].Bool() ? "always" : "never";
        if (scheme is not ("first" or "always" or "never"))
        {
            throw json["prepend_scheme"].Fault("must be first, always or never");
        }

        _steps.Add((piece, output) =>
        {
            Piece marked = new(
                piece.Text.Replace(' ', mark), piece.Start, piece.Length, piece.Origin, piece.AtSourceStart);
            bool prepend = scheme == "always" || (scheme == "first" && piece.AtSourceStart);
            output.Add(prepend && marked.Span[0] != mark ? marked.Prepend(mark) : marked);
        });
        if (json["split"].IsNull || json["split"].Bool())
        {
            _steps.Add((piece, output) =>
            {
                int start = 0;
                for (int i = 1; i <= piece.Length; i++)
                {
                    if (i == piece.Length || piece.Span[i] == mark)
                    {
                        output.Add(piece.Slice(start, i - start));
                        start = i;
                    }
                }
            });
        }
    }

    private static Regex ReadPattern(JsonFile json)
    {
        JsonFile behavior = json["behavior"];
        if (behavior.Text() != "Isolated" || (!json["invert"].IsNull && json["invert"].Bool()))
        {
            throw behavior.Fault("must be Isolated, not inverted (other ways to split are not supported)");
        }

        JsonFile pattern = json["pattern"];
        try
        {
            return pattern["Regex"].IsNull
                ? new Regex(Regex.Escape(pattern["String"].Text()), RegexOptions.CultureInvariant)
                : new Regex(pattern["Regex"].Text(), RegexOptions.CultureInvariant | RegexOptions.Compiled);
        }
        catch (ArgumentException e)
        {
            throw pattern.Fault($"cannot be used as a regular expression ({e.Message})");
        }
    }

    private static void SplitDigits(Piece piece, bool individual, List<Piece> output)
    {
        int start = 0;
        bool startIsDigit = false;
        for (int i = 0; i < piece.Length;)
        {
            Rune.DecodeFromUtf16(piece.Span[i..], out Rune rune, out int length);
            bool digit = Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;
            if (i > start && (digit != startIsDigit || (digit && individual)))
            {
                output.Add(piece.Slice(start, i - start));
                start = i;
            }

            startIsDigit = digit;
            i += length;
        }

        output.Add(piece.Slice(start, piece.Length - start));
    }

    private static void SplitByPattern(Piece piece, Regex regex, List<Piece> output)
    {
        ReadOnlySpan<char> text = piece.Span;
        int[]? positions = null;
        if (text.IndexOfAnyInRange('\uD800', '\uDFFF') >= 0)
        {
            text = OneUnitPerCodePoint(text, out positions);
        }

        int end = 0;
        foreach (ValueMatch match in regex.EnumerateMatches(text))
        {
            Emit(end, match.Index);
            Emit(match.Index, match.Index + match.Length);
            end = match.Index + match.Length;
        }

        Emit(end, text.Length);

        void Emit(int from, int to)
        {
            if (to > from)
            {
                int start = positions is null ? from : positions[from];
                output.Add(piece.Slice(start, (positions is null ? to : positions[to]) - start));
            }
        }
    }

    // .NET's regular expressions see UTF-16 units, the reference's see code points. So a code point above U+FFFF is
    // shown to the pattern as one unit of the same general category. positions[i] is where unit i lies in the text,
    // with the text's length at the end.
    private static string OneUnitPerCodePoint(ReadOnlySpan<char> text, out int[] positions)
    {
        StringBuilder result = new(text.Length);
        List<int> starts = new(text.Length);
        for (int i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text[i..], out Rune rune, out int length);
            starts.Add(i);
            result.Append(rune.IsBmp ? (char)rune.Value : Rune.GetUnicodeCategory(rune) switch
            {
                UnicodeCategory.UppercaseLetter => '\u00C0',
                UnicodeCategory.LowercaseLetter => '\u00E0',
                UnicodeCategory.OtherLetter => '\u4E00',
                UnicodeCategory.ModifierLetter => '\u02B0',
                UnicodeCategory.NonSpacingMark => '\u0300',
                UnicodeCategory.SpacingCombiningMark => '\u0903',
                UnicodeCategory.DecimalDigitNumber => '\u0660',
                UnicodeCategory.LetterNumber => '\u2160',
                UnicodeCategory.OtherNumber => '\u00B2',
                UnicodeCategory.OtherPunctuation => '\u00A1',
                UnicodeCategory.DashPunctuation => '\u2010',
                UnicodeCategory.MathSymbol => '\u00AC',
                UnicodeCategory.CurrencySymbol => '\u00A2',
                UnicodeCategory.ModifierSymbol => '\u00A8',
                UnicodeCategory.OtherSymbol => '\u00A9',
                UnicodeCategory.Format => '\u200B',
                UnicodeCategory.PrivateUse => '\uE000',
                _ => '\uFFFF', // not assigned
            });
            i += length;
        }

        positions = [.. starts, text.Length];
        return result.ToString();
    }
}
