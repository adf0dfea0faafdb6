package api

// The actions of the audit log: stable words, append-only. Whoever reads the log in
// ten years has these words and the ids beside them, and nothing else.
const (
	actionSearch         = "search"
	actionDocumentOpen   = "document.open"
	actionDocumentRaw    = "document.raw"
	actionThreadOpen     = "thread.open"
	actionThreadList     = "thread.list" // headers and extracts of a conversation's documents
	actionClientList     = "client.list"
	actionClientImport   = "client.import"
	actionCaseList       = "case.list"
	actionCaseOpen       = "case.open"
	actionCaseCreate     = "case.create"
	actionCaseChange     = "case.change"
	actionCaseBalance    = "case.balance"
	actionRefusedList    = "refused.list"
	actionRefusedRetry   = "refused.retry"
	actionPrivacyList    = "privacy.list"
	actionPrivacyShow    = "privacy.show"   // a reason's hash stands for the query's
	actionPrivacySettle  = "privacy.settle" // Reason is what was settled on
	actionPrivacyUndo    = "privacy.undo"
	actionDecisionList   = "decision.list"
	actionDecisionMake   = "decision.make" // Reason is its kind; of addresses and domains the hash
	actionDecisionUndo   = "decision.undo"
	actionDecisionExport = "decision.export"
	actionDecisionImport = "decision.import"
	actionUnreadList     = "unreadable.list"
	actionUnreadRetry    = "unreadable.retry"
	actionExport         = "export"
	actionIngest         = "ingest"
	actionReindex        = "reindex"
	actionVerify         = "verify"
	actionBackup         = "backup"
	actionEvaluate       = "evaluate"
	actionWait           = "wait"
	actionTokenCreate    = "token.create"
	actionTokenList      = "token.list"
	actionTokenRevoke    = "token.revoke"
	actionSessionBegin   = "session.begin"
	actionSessionEnd     = "session.end"
)
