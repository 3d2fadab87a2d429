"""Write-back: the difference between what the CRM should hold and what it holds, made so, and undone on request."""
