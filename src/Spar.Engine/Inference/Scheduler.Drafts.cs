namespace Spar.Engine.Inference;

/// <content>Tokens that are guessed ahead: where a batch has room for them, and what becomes of them.</content>
internal sealed partial class Scheduler
{
    /// <summary>
    /// Takes account of the guesses that the last batch tried out: keys and values of those that the sequences took up
    /// are kept, the others are forgotten. To be called after every batch, before anything else.
    /// </summary>
    public void SettleDrafts()
    {
        foreach (Sequence sequence in _running)
        {
            if (sequence.DraftCount > 0)
            {
                Settle(sequence);
            }
        }
    }

    // A batch of few rows costs little more with some rows more: each sequence gets its share of them. Only sequences
    // that are about to draw a token, and only blocks that nobody else is short of.
    private void Guess()
    {
        int share = _running.Count == 0 ? 0 : (_draftRows / _running.Count) - 1;
        if (share < 1)
        {
            return;
        }

        foreach (Sequence sequence in _running)
        {
            if (sequence.Job.ScoresPrompt || sequence.Next != sequence.Count - 1 || sequence.TailTokens > 0)
            {
                continue;
            }

            sequence.Guess(Math.Min(share, sequence.Job.TokensLeft(sequence) - 1));
            while (sequence.Blocks * Size < sequence.Count + sequence.DraftCount)
            {
                int block = _pool.Available > _running.Count ? _pool.Allocate(sequence.Number) : -1;
                if (block < 0)
                {
                    sequence.DropDraft();
                    break;
                }

                sequence.AddBlock(block);
            }
        }
    }

    private void Settle(Sequence sequence)
    {
        // The batch computed the token before the guess, which was the last one then, and the guess.
        int from = sequence.DraftStart;
        int right = 0;
        while (right < sequence.DraftCount && from + right < sequence.Count
            && sequence.Ids[from + right] == sequence.Draft[right])
        {
            right++;
        }

        int valid = from + right;
        for (int block = from / Size; block * Size < from + sequence.DraftCount; block++)
        {
            _pool.Filled[sequence.Table[block]] = Math.Clamp(valid - (block * Size), 0, Size);
            if ((block + 1) * Size <= valid)
            {
                RegisterWhole(sequence, block);
            }
        }

        sequence.Next = valid;
        sequence.Judge(right);
        sequence.DropDraft();
    }
}
