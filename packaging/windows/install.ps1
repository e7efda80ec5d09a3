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

# Stops where others than administrators, and whoever runs this, own a directory or have such rights
# to it: who could put a program there, or another directory in its place, would have it run.
function Assert-Closed([string]$Directory, [int]$Rights, [bool]$ForChildren) {
    $kind = [System.Security.Principal.SecurityIdentifier]
    $known = @(
        'S-1-5-18', 'S-1-5-32-544', # the system, administrators
        'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464', # the installer of Windows
        'S-1-3-0', 'S-1-3-4', # whoever makes or owns something
        [System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    )
    $onlyChildren = [System.Security.AccessControl.PropagationFlags]::InheritOnly
    $acl = Get-Acl -LiteralPath $Directory
    $found = @($acl.GetOwner($kind).Value)
    foreach ($rule in $acl.GetAccessRules($true, $true, $kind)) {
        if ($rule.AccessControlType -ne 'Allow') { continue }
        if ($rule.PropagationFlags.HasFlag($onlyChildren) -and -not $ForChildren) { continue }
        if (([int]$rule.FileSystemRights -band $Rights) -ne 0) { $found += $rule.IdentityReference.Value }
    }
    foreach ($who in $found) {
        if ($known -contains $who) { continue }
        throw "$Directory belongs to $who or can be changed by them, who could replace what is run from there: " +
            "name a directory below $env:ProgramFiles, or close them out with icacls"
    }
}

# Makes the directory, or takes one that only administrators can change.
function Open-Destination([string]$Directory) {
    if ($Directory -notmatch '^[A-Za-z]:\\[^\\]' -or $Directory -match '(^|\\)\.\.?(\\|$)|[/;]') {
        throw "-Destination is $Directory, and must be a whole path, such as $env:ProgramFiles\Waxseal"
    }
    if ([System.IO.DriveInfo]::new($Directory.Substring(0, 1)).DriveType -ne 'Fixed') {
        throw "-Destination is $Directory, and must be on a drive of this machine that is always there"
    }
    $isNew = -not (Test-Path -LiteralPath $Directory)
    if ($isNew) {
        New-Item -ItemType Directory -Path $Directory -Force | Out-Null
        # Nothing is inherited: in C:\ everybody would be permitted to change it.
        $acl = Get-Acl -LiteralPath $Directory
        $list = 'O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)'
        $acl.SetSecurityDescriptorSddlForm($list, [System.Security.AccessControl.AccessControlSections]'Owner, Access')
        Set-Acl -LiteralPath $Directory -AclObject $acl
        if (Get-ChildItem -LiteralPath $Directory -Force) {
            throw "somebody put something into $Directory while it was made: look at that, and begin again"
        }
    }
    # To write, append, delete, write the access list, take ownership; of those above, to remove or
    # rename what is in them: as `waxseal service install` has it.
    Assert-Closed $Directory 0x500d0156 $true
    $above = Split-Path -Parent $Directory
    while ($above) {
        Assert-Closed $above 0x100d0040 $false
        $above = Split-Path -Parent $above
    }
}

$files = @(
    'waxseal.exe', 'waxseal-completion.ps1', 'uninstall.ps1', 'CHANGELOG.md', 'LICENSE-APACHE',
    'LICENSE-MIT', 'README.md', 'SECURITY.md', 'THIRD-PARTY.txt', 'THIRD-PARTY-mingw-w64.txt', 'docs'
)

Open-Destination $Destination

# The file of a program that runs cannot be replaced.
$service = Get-Service -Name waxseal -ErrorAction SilentlyContinue
$isRunning = $null -ne $service -and $service.Status -eq 'Running'
if ($isRunning) { Stop-Service -Name waxseal }

foreach ($file in $files) {
    Copy-Item -Path (Join-Path $PSScriptRoot $file) -Destination $Destination -Recurse -Force
}
Add-ToPath $Destination
if ($isRunning) { Start-Service -Name waxseal }

Write-Output "installed in $Destination, which is in the PATH of new sessions. As an administrator:"
Write-Output '  waxseal init               writes the configuration and takes the first baseline'
Write-Output '  waxseal service install    lets the watch start with the system'
Write-Output '  waxseal service start      starts it now'
