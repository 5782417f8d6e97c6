using Microsoft.Playwright;

namespace Spar.Browser.Tests;

/// <summary>Debian's Chromium, driven by Playwright. Tests that need it skip, with a reason, where it is absent.</summary>
internal static class Chromium
{
    private static readonly string[] s_places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    /// <summary>Starts a browser; skips the calling test where there is none.</summary>
    public static async Task<(IPlaywright Driver, IBrowser Browser)> StartAsync()
    {
        string? executable = s_places.FirstOrDefault(File.Exists);
        Assert.SkipWhen(executable is null, "Chromium is absent: apt-get install -y chromium");
        IPlaywright driver = await Playwright.CreateAsync();
        IBrowser browser = await driver.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = executable,
            Args = ["--no-sandbox", "--disable-gpu"],
        });
        return (driver, browser);
    }
}
