namespace Spar.Runtime.Tests.Launchers;

/// <summary>The system's clock, on which from some moment on ten minutes pass between any two looks.</summary>
internal sealed class HastyTime : TimeProvider
{
    private long _ahead;
    private volatile bool _hurries;

    public void Hurry() => _hurries = true;

    public override long GetTimestamp()
    {
        if (_hurries)
        {
            _ahead += TimestampFrequency * 600;
        }

        return base.GetTimestamp() + _ahead;
    }
}
