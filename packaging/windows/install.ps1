# Installs waxseal.exe, or puts a newer one in its place. From the directory of the zip, in
# PowerShell as an administrator:
#
#   powershell -ExecutionPolicy Bypass -File install.ps1
#
# Elsewhere than in Program Files with -Destination, a whole path on a drive of this machine that only
# administrators can change; a directory that is not there is made so.
#
# It takes no baseline and installs no service: how to is said at the end.
#Requires -Version 5.1
#Requires -RunAsAdministrator
param(
    [string]$Destination = (Join-Path $env:ProgramFiles 'Waxseal')
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'destination.ps1')

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

# Makes a directory that only administrators can change.
function New-Closed([string]$Directory) {
    New-Item -ItemType Directory -Path $Directory | Out-Null
    # Nothing is inherited: in C:\ everybody would be permitted to change it.
    $acl = Get-Acl -LiteralPath $Directory
    $list = 'O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)'
    $acl.SetSecurityDescriptorSddlForm($list, [System.Security.AccessControl.AccessControlSections]'Owner, Access')
    Set-Acl -LiteralPath $Directory -AclObject $acl
    if (Get-ChildItem -LiteralPath $Directory -Force) {
        throw "somebody put something into $Directory while it was made: look at that, and begin again"
    }
}

# Makes the directory, or takes one that only administrators can change.
function Open-Destination([string]$Directory) {
    if (-not (Test-Whole $Directory)) {
        throw "-Destination is $Directory, and must be a whole path, such as $env:ProgramFiles\Waxseal"
    }
    if ([System.IO.DriveInfo]::new($Directory.Substring(0, 1)).DriveType -ne 'Fixed') {
        throw "-Destination is $Directory, and must be on a drive of this machine that is always there"
    }
    try {
        # From the drive down: what was looked at, nobody can exchange any more.
        foreach ($at in Get-Way $Directory) {
            if (-not (Test-Path -LiteralPath $at)) { New-Closed $at }
            Assert-Closed $at $toDisplace $false
        }
        Assert-AllClosed $Directory
    } catch {
        throw "$($_.Exception.Message): name another directory, below $env:ProgramFiles"
    }
}

$files = @(
    'waxseal.exe', 'waxseal-completion.ps1', 'uninstall.ps1', 'destination.ps1', 'CHANGELOG.md', 'README.md',
    'SECURITY.md', 'LICENSE-APACHE', 'LICENSE-MIT', 'THIRD-PARTY.txt', 'THIRD-PARTY-mingw-w64.txt', 'docs'
)

$Destination = $Destination.TrimEnd('\') # as completion writes it
Open-Destination $Destination

# The file of a program that runs cannot be replaced.
$service = Get-Service -Name waxseal -ErrorAction SilentlyContinue
$isRunning = $null -ne $service -and $service.Status -eq 'Running'
if ($isRunning) { Stop-Service -Name waxseal }

# Not over what is there: that would keep its access list, and whoever has it open.
foreach ($file in $files) {
    $old = Join-Path $Destination $file
    $new = "$old.new"
    if (Test-Path -LiteralPath $new) { Remove-Item -LiteralPath $new -Recurse -Force }
    Copy-Item -LiteralPath (Join-Path $PSScriptRoot $file) -Destination $new -Recurse
    if (Test-Path -LiteralPath $old) { Remove-Item -LiteralPath $old -Recurse -Force }
    Rename-Item -LiteralPath $new -NewName $file
}
Add-ToPath $Destination
if ($isRunning) { Start-Service -Name waxseal }

Write-Output "installed in $Destination, which is in the PATH of new sessions. As an administrator:"
Write-Output '  waxseal init               writes the configuration and takes the first baseline'
Write-Output '  waxseal service install    lets the watch start with the system'
Write-Output '  waxseal service start      starts it now'
