# Removes what install.ps1 has installed, and the service. In PowerShell as an administrator:
#
#   powershell -ExecutionPolicy Bypass -File uninstall.ps1
#
# Configuration, baseline and journal stay in %ProgramData%\waxseal.
#Requires -Version 5.1
#Requires -RunAsAdministrator
param(
    [string]$Destination = (Join-Path $env:ProgramFiles 'Waxseal')
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'destination.ps1')

function Remove-FromPath([string]$Directory) {
    $name = 'SYSTEM\CurrentControlSet\Control\Session Manager\Environment'
    $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey($name, $true)
    try {
        $asWritten = [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames
        $path = [string]$key.GetValue('Path', '', $asWritten)
        $entries = @($path -split ';' | Where-Object { $_ -ne $Directory }) -join ';'
        $key.SetValue('Path', $entries, [Microsoft.Win32.RegistryValueKind]::ExpandString)
    } finally {
        $key.Close()
    }
}

$Destination = $Destination.TrimEnd('\') # as completion writes it
if (-not (Test-Whole $Destination)) {
    throw "-Destination is $Destination, and must be a whole path, such as $env:ProgramFiles\Waxseal"
}
$program = Join-Path $Destination 'waxseal.exe'
if (-not (Test-Path -LiteralPath $program)) {
    throw "$program is not there: name the directory with -Destination"
}
# What is there is called as an administrator, and removed with all that is in it.
try {
    foreach ($at in Get-Way $Destination) { Assert-Closed $at $toDisplace $false }
    Assert-AllClosed $Destination
} catch {
    throw "$($_.Exception.Message): nothing was removed; docs/packages.md says how to do it by hand"
}
if (Get-Service -Name waxseal -ErrorAction SilentlyContinue) {
    & $program service uninstall
    if ($LASTEXITCODE -ne 0) {
        throw "the service is not removed, see above (exit status $LASTEXITCODE); nothing else was"
    }
}
Remove-FromPath $Destination
# Those of install.ps1, and not the whole directory: it may have been there before.
$files = @(
    'waxseal.exe', 'waxseal-completion.ps1', 'uninstall.ps1', 'destination.ps1', 'CHANGELOG.md', 'README.md',
    'SECURITY.md', 'LICENSE-APACHE', 'LICENSE-MIT', 'THIRD-PARTY.txt', 'THIRD-PARTY-mingw-w64.txt', 'docs'
)
foreach ($file in $files) {
    $path = Join-Path $Destination $file
    if (Test-Path -LiteralPath $path) { Remove-Item -LiteralPath $path -Recurse -Force }
}
if (-not (Get-ChildItem -LiteralPath $Destination -Force)) { Remove-Item -LiteralPath $Destination }

Write-Output "removed from $Destination; configuration, baseline and journal stay in $env:ProgramData\waxseal"
