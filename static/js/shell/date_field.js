// A day written as 2024-01-02 whatever the browser's language, with the browser's own calendar behind a button.

export function dateField() {
  return {
    openCalendar() { this.$refs.native.showPicker(); },
  };
}
