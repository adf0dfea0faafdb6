package blob

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// spool gathers a pack that is being made: in memory up to a limit, then in a
// temporary file. All that reaches it is sealed.
type spool struct {
	dir    string
	limit  int64
	memory bytes.Buffer
	file   *os.File
	size   int64
}

// Write appends to the pack.
func (s *spool) Write(p []byte) (int, error) {
	if s.file == nil && s.size+int64(len(p)) > s.limit {
		if err := s.spill(); err != nil {
			return 0, err
		}
	}
	s.size += int64(len(p))
	if s.file != nil {
		return s.file.Write(p)
	}
	return s.memory.Write(p)
}

func (s *spool) spill() (err error) {
	if s.file, err = os.CreateTemp(s.dir, "relais-pack-*"); err != nil {
		return err
	}
	_, err = s.memory.WriteTo(s.file)
	s.memory = bytes.Buffer{}
	return err
}

// reader reads the pack from its beginning.
func (s *spool) reader() io.Reader {
	if s.file != nil {
		return io.NewSectionReader(s.file, 0, s.size)
	}
	return bytes.NewReader(s.memory.Bytes())
}

// close drops the pack.
func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	return errors.Join(s.file.Close(), os.Remove(s.file.Name()))
}
