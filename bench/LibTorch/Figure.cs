using System.Globalization;

namespace LibTorchPeer;

internal static class Figure
{
    /// <summary>Prints a line as bench/compare.py reads it.</summary>
    public static void Print(string name, double tokensPerSecond) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-48} {tokensPerSecond,12:F2} tokens/s"));
}
