namespace Spar.Engine.Training;

/// <summary>
/// Sequences of different lengths end to end without padding. A sequence's last token predicts nothing, so it is left
/// out of the rows. T: rows, S: sequences, P: targets. One object is filled again and again.
/// </summary>
public sealed class TokenBatch
{
    private int[] _tokens = [];
    private int[] _positions = [];
    private int[] _targetRows = [];
    private int[] _targetTokens = [];
    private float[] _targetWeights = [];
    private int[] _starts = [0];
    private int[] _targetStarts = [0];
    private int[] _longestFirst = [];

    /// <summary>T.</summary>
    public int RowCount { get; private set; }

    /// <summary>S.</summary>
    public int SequenceCount { get; private set; }

    /// <summary>P.</summary>
    public int TargetCount { get; private set; }

    /// <summary>Token of each row, [T].</summary>
    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, RowCount);

    /// <summary>Position of each row in its sequence, from 0, [T].</summary>
    public ReadOnlySpan<int> Positions => _positions.AsSpan(0, RowCount);

    /// <summary>First row of each sequence, and T at the end, [S + 1].</summary>
    public ReadOnlySpan<int> Starts => _starts.AsSpan(0, SequenceCount + 1);

    /// <summary>Row that predicts each target, ascending, [P].</summary>
    public ReadOnlySpan<int> TargetRows => _targetRows.AsSpan(0, TargetCount);

    /// <summary>The token to predict, [P].</summary>
    public ReadOnlySpan<int> TargetTokens => _targetTokens.AsSpan(0, TargetCount);

    /// <summary>Weight of each target, above 0, [P].</summary>
    public ReadOnlySpan<float> TargetWeights => _targetWeights.AsSpan(0, TargetCount);

    /// <summary>First target of each sequence, and P at the end, [S + 1].</summary>
    public ReadOnlySpan<int> TargetStarts => _targetStarts.AsSpan(0, SequenceCount + 1);

    /// <summary>A sequence's part of whatever has an entry for each target.</summary>
    /// <param name="sequence">From 0 to below S.</param>
    public Range TargetsOf(int sequence) => _targetStarts[sequence].._targetStarts[sequence + 1];

    /// <summary>
    /// The sequences by length, longest first (then by index): the order in which work is handed out, [S].
    /// </summary>
    public ReadOnlySpan<int> LongestFirst => _longestFirst.AsSpan(0, SequenceCount);

    /// <summary>Rows of the longest sequence.</summary>
    public int LongestLength => SequenceCount == 0 ? 0 : _starts[_longestFirst[0] + 1] - _starts[_longestFirst[0]];

    /// <summary>Fills the batch.</summary>
    /// <param name="sequences">At least 1.</param>
    /// <exception cref="ArgumentException">A sequence has fewer than 2 tokens.</exception>
    public void Fill(params ReadOnlySpan<TrainingSequence> sequences)
    {
        int rows = 0;
        foreach (TrainingSequence sequence in sequences)
        {
            if (sequence.Tokens.Length < 2)
            {
                throw new ArgumentException(
                    $"A sequence of {sequence.Tokens.Length} tokens has nothing to predict.", nameof(sequences));
            }

            rows += sequence.Tokens.Length - 1;
        }

        Grow(ref _tokens, rows);
        Grow(ref _positions, rows);
        Grow(ref _targetRows, rows);
        Grow(ref _targetTokens, rows);
        Grow(ref _targetWeights, rows);
        Grow(ref _starts, sequences.Length + 1);
        Grow(ref _targetStarts, sequences.Length + 1);
        Grow(ref _longestFirst, sequences.Length);
        RowCount = TargetCount = SequenceCount = 0;
        foreach (TrainingSequence sequence in sequences)
        {
            int length = sequence.Tokens.Length - 1;
            for (int i = 0; i < length; i++)
            {
                _tokens[RowCount + i] = sequence.Tokens[i];
                _positions[RowCount + i] = i;
                float weight = sequence.Weight(i + 1);
                if (weight > 0)
                {
                    _targetRows[TargetCount] = RowCount + i;
                    _targetTokens[TargetCount] = sequence.Tokens[i + 1];
                    _targetWeights[TargetCount++] = weight;
                }
            }

            RowCount += length;
            _longestFirst[SequenceCount] = SequenceCount;
            SequenceCount++;
            _starts[SequenceCount] = RowCount;
            _targetStarts[SequenceCount] = TargetCount;
        }

        int[] starts = _starts;
        _longestFirst.AsSpan(0, SequenceCount).Sort((a, b) =>
        {
            int byLength = (starts[b + 1] - starts[b]).CompareTo(starts[a + 1] - starts[a]);
            return byLength != 0 ? byLength : a.CompareTo(b);
        });
    }

    /// <summary>
    /// The rows from a sequence's first target to its last, beginning at <paramref name="from"/> or later; neighbouring
    /// sequences' are taken together.
    /// </summary>
    /// <param name="from">First row of interest.</param>
    /// <param name="end">Row at which to stop.</param>
    /// <returns>
    /// First row and number of rows; <paramref name="end"/> and 0 where no more such rows come before it.
    /// </returns>
    internal (int First, int Count) NextTargetRows(int from, int end)
    {
        int first = from, reached = from;
        for (int s = 0; s < SequenceCount && _starts[s] < end; s++)
        {
            if (_targetStarts[s] == _targetStarts[s + 1])
            {
                continue;
            }

            int begin = Math.Max(from, _targetRows[_targetStarts[s]]);
            int after = Math.Min(end, _targetRows[_targetStarts[s + 1] - 1] + 1);
            if (begin >= after)
            {
                continue;
            }

            if (reached == first)
            {
                first = begin;
            }
            else if (begin > reached)
            {
                break;
            }

            reached = after;
        }

        return reached > first ? (first, reached - first) : (end, 0);
    }

    private static void Grow<T>(ref T[] array, int count)
    {
        if (array.Length < count)
        {
            array = new T[count + (count / 4)];
        }
    }
}
