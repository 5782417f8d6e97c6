namespace Spar.Runtime.Embedded;

/// <summary>Compares checkpoints by the bytes of their weights; reads no further than to the first difference.</summary>
internal static class CheckpointWeights
{
    /// <summary>Whether the weights in two folders are the same; false where there are none.</summary>
    /// <param name="before">A checkpoint's folder.</param>
    /// <param name="after">The other.</param>
    public static bool AreSame(string before, string after)
    {
        if (!Directory.Exists(before) || !Directory.Exists(after))
        {
            return false;
        }

        string[] weights = [.. Files(before)];
        return weights.Length > 0 && weights.SequenceEqual(Files(after))
            && weights.All(name => SameBytes(Path.Combine(before, name), Path.Combine(after, name)));

        static IEnumerable<string> Files(string folder) =>
            Directory.EnumerateFiles(folder, "*.safetensors").Select(file => Path.GetFileName(file)!)
                .Order(StringComparer.Ordinal);
    }

    private static bool SameBytes(string before, string after)
    {
        using FileStream one = File.OpenRead(before), other = File.OpenRead(after);
        if (one.Length != other.Length)
        {
            return false;
        }

        byte[] left = new byte[1 << 16], right = new byte[1 << 16];
        while (true)
        {
            int read = one.ReadAtLeast(left, left.Length, throwOnEndOfStream: false);
            other.ReadAtLeast(right, right.Length, throwOnEndOfStream: false);
            if (!left.AsSpan(0, read).SequenceEqual(right.AsSpan(0, read)))
            {
                return false;
            }

            if (read < left.Length)
            {
                return true;
            }
        }
    }
}
