package extract

import (
	"context"

	"github.com/xuri/excelize/v2"

	"github.com/relais-archive/relais/internal/format"
)

// everyonesPassword is the one Excel encrypts a workbook with when only its
// structure is protected: whoever opens the file is not asked (MS-OFFCRYPTO 2.4.2.3).
const everyonesPassword = "VelvetSweatshop"

// readLocked reads an office document that is encrypted whole, where the password
// is the one that nobody has to know; any other is a document nobody can read here.
func readLocked(ctx context.Context, in Input, lim format.Limits) (Result, error) {
	b, _, err := readBody(in, lim)
	if err != nil {
		return Result{}, err
	}
	plain, err := excelize.Decrypt(b, &excelize.Options{Password: everyonesPassword})
	inner := Input{Name: in.Name, Size: int64(len(plain)), Body: readerAt(plain)}
	if err != nil || len(plain) == 0 || sniffBytes(readHead(inner), inner) != typeZip {
		return failed(lockedType(in.Name), "", "locked", ""), nil
	}
	return newWork(in, lim).unwrapped(ctx, inner), ctx.Err()
}
