# What install.ps1 and uninstall.ps1 ask of the directory they work in: nobody but administrators may
# change it, what is in it, or what it is. Programs of it run as administrators and as the system.

# To write, append, delete, write the access list, take ownership; of directories above only to remove
# or rename what is in them: as `waxseal service install` has it.
$toWrite = 0x500d0156
$toDisplace = 0x100d0040

# Stops where there is a link, or where others than administrators, and whoever runs this, own a file or
# directory or have such rights to it.
function Assert-Closed([string]$Path, [int]$Rights, [bool]$ForChildren) {
    $item = Get-Item -LiteralPath $Path -Force
    if (([int]$item.Attributes -band [int][System.IO.FileAttributes]::ReparsePoint) -ne 0) {
        throw "$Path is a link, a junction or another reparse point, which could lead elsewhere tomorrow"
    }
    $kind = [System.Security.Principal.SecurityIdentifier]
    $known = @(
        'S-1-5-18', 'S-1-5-32-544', # the system, administrators
        'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464', # the installer of Windows
        'S-1-3-0', 'S-1-3-4', # whoever makes or owns something
        [System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    )
    $onlyChildren = [System.Security.AccessControl.PropagationFlags]::InheritOnly
    $acl = Get-Acl -LiteralPath $Path
    $found = @($acl.GetOwner($kind).Value)
    foreach ($rule in $acl.GetAccessRules($true, $true, $kind)) {
        if ($rule.AccessControlType -ne 'Allow') { continue }
        if ($rule.PropagationFlags.HasFlag($onlyChildren) -and -not $ForChildren) { continue }
        if (([int]$rule.FileSystemRights -band $Rights) -ne 0) { $found += $rule.IdentityReference.Value }
    }
    foreach ($who in $found) {
        if ($known -contains $who) { continue }
        throw "$Path belongs to $who or can be changed by them, who could replace what is run from there"
    }
}

# Says whether a path is a whole one that means what it says: the system drops dots and spaces at the
# end of a name.
function Test-Whole([string]$Path) {
    return $Path -match '^[A-Za-z]:(\\[^\\/:;]*[^\\/:;. ])+$'
}

# Returns the directories from the drive to this one, which is a whole path.
function Get-Way([string]$Directory) {
    $at = $Directory.Substring(0, 3)
    $at
    foreach ($name in $Directory.Substring(3).Split('\')) {
        $at = Join-Path $at $name
        $at
    }
}

# Stops where a file, a directory or something in it is not closed; what is above was looked at.
function Assert-AllClosed([string]$Path) {
    Assert-Closed $Path $toWrite $true
    if (-not (Test-Path -LiteralPath $Path -PathType Container)) { return }
    foreach ($item in @(Get-ChildItem -LiteralPath $Path -Force)) { Assert-AllClosed $item.FullName }
}
