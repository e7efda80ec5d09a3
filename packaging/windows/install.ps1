# Installs waxseal.exe, or puts a newer one in its place. From the directory of the zip, in
# PowerShell as an administrator:
#
#   powershell -ExecutionPolicy Bypass -File install.ps1
#
# It takes no baseline and installs no service: how to is said at the end.
#Requires -Version 5.1
#Requires -RunAsAdministrator
param(
    [string]$Destination = (Join-Path $env:ProgramFiles 'Waxseal')
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# Adds a directory to the PATH of all users. Other entries stay as they are written, such as
# %SystemRoot%: [Environment]::SetEnvironmentVariable would expand them for ever.
function Add-ToPath([string]$Directory) {
    $name = 'SYSTEM\CurrentControlSet\Control\Session Manager\Environment'
    $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey($name, $true)
    try {
        $asWritten = [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames
        $path = [string]$key.GetValue('Path', '', $asWritten)
        if (($path -split ';') -contains $Directory) { return }
        $entries = @($path.TrimEnd(';'), $Directory) -join ';'
        $key.SetValue('Path', $entries, [Microsoft.Win32.RegistryValueKind]::ExpandString)
    } finally {
        $key.Close()
    }
}

$files = @(
    'waxseal.exe', 'waxseal-completion.ps1', 'uninstall.ps1', 'CHANGELOG.md', 'LICENSE-APACHE',
    'LICENSE-MIT', 'README.md', 'SECURITY.md', 'THIRD-PARTY.txt', 'THIRD-PARTY-mingw-w64.txt', 'docs'
)

# The file of a program that runs cannot be replaced.
$service = Get-Service -Name waxseal -ErrorAction SilentlyContinue
$isRunning = $null -ne $service -and $service.Status -eq 'Running'
if ($isRunning) { Stop-Service -Name waxseal }

New-Item -ItemType Directory -Path $Destination -Force | Out-Null
foreach ($file in $files) {
    Copy-Item -Path (Join-Path $PSScriptRoot $file) -Destination $Destination -Recurse -Force
}
Add-ToPath $Destination
if ($isRunning) { Start-Service -Name waxseal }

Write-Output "installed in $Destination, which is in the PATH of new sessions. As an administrator:"
Write-Output '  waxseal init               writes the configuration and takes the first baseline'
Write-Output '  waxseal service install    lets the watch start with the system'
Write-Output '  waxseal service start      starts it now'
