"""The working calendar: public holidays year by year, working days, and clocks that stop."""
